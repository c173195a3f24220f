// Entry of every service and client process: does what the bench asks, one message each.
import { peerModule } from '../peers/index.js';

const [role, peer] = process.argv.slice(2);
const { serve, connect } = await peerModule(peer as string);
const member =
  role === 'service'
    ? new (await import('./service-member.js')).ServiceMember(serve)
    : new (await import('./client-member.js')).ClientMember(connect);

/** What the bench asks for: a method of the member, and its arguments. */
interface Question {
  readonly id: number;
  readonly what: string;
  readonly args: readonly unknown[];
}

process.on('message', (message) => void answer(message as Question));
process.on('disconnect', () => process.exit());

async function answer({ id, what, args }: Question): Promise<void> {
  try {
    const methods = member as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
    const result = await methods[what]?.call(member, ...args);
    process.send?.({ id, result });
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? error.stack : String(error) });
  }
}
