// Entry of every service and client process: does what the bench asks, one message each.
import { peerModule } from '../peers/index.mjs';

const [role, peer] = process.argv.slice(2);
const { serve, connect } = await peerModule(/** @type {string} */ (peer));
const member =
  role === 'service'
    ? new (await import('./service-member.mjs')).ServiceMember(serve)
    : new (await import('./client-member.mjs')).ClientMember(connect);

process.on('message', (message) => void answer(message));
process.on('disconnect', () => process.exit());

/** @param {any} message */
async function answer({ id, what, args }) {
  try {
    const result = await /** @type {any} */ (member)[what](...args);
    process.send?.({ id, result });
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? error.stack : String(error) });
  }
}
