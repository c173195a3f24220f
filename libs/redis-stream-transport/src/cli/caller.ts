import { ClientRedisStreams } from '../nest/client-redis-streams.js';
import { thrownText } from '../thrown.js';
import { RedisStreamsError } from '../errors.js';
import type { Screen } from './screen.js';
import { servedPlaceOf, type Where } from './where.js';

/** Runs something with a client, and closes it. */
export async function withClient<T>(
  where: Where,
  { terminal }: Screen,
  work: (client: ClientRedisStreams) => Promise<T>,
): Promise<T> {
  const client = new ClientRedisStreams(await servedPlaceOf(where, terminal));
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.close();
  }
}

/**
 * Says why a call failed, on standard error.
 * @returns the exit code: 1 if the transport failed, 3 if the handler did
 */
export function tellFailure(error: unknown, json: boolean, screen: Screen): 1 | 3 {
  const ours = RedisStreamsError.isRedisStreamsError(error);
  if (json) {
    const said = ours ? error.toJSON() : plain(error);
    const callId = RedisStreamsError.callIdOf(error);
    screen.noteJson({ from: ours ? 'transport' : 'handler', callId, error: said });
  } else if (ours) {
    const { code, outcome, message, callId } = error;
    const call = callId === undefined ? '' : `; call ${callId}`;
    screen.note(`the transport failed: ${code}, ${outcome}: ${message}${call}`);
  } else {
    screen.note(`the handler answered with an error: ${shown(error)}`);
  }
  return ours ? 1 : 3;
}

/** An error of a handler as data: a text, or an object as Nest's filters make it. */
function plain(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return { name: error.name, message: error.message };
}

function shown(error: unknown): string {
  if (typeof error === 'object' && error !== null && !(error instanceof Error)) {
    return JSON.stringify(error);
  }
  return thrownText(error);
}
