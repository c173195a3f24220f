import type { Connection } from './connect.js';
import { CommandFailure } from './failure.js';

/**
 * The `run_id` of the server that a connection has reached: each start of a server has another one. Undefined if the
 * user may not ask. Rejects with nothing: a connection that has ended is noticed elsewhere.
 */
export async function runIdOf(connection: Connection): Promise<string | undefined> {
  const info = await connection.info('server').catch(() => undefined);
  return /^run_id:(\w{1,64})/m.exec(String(info))?.[1];
}

/** Why a connection to one server must end if another one is to another server; undefined: it need not, as far as is known. */
export function disagreement(
  mine: string | undefined,
  theirs: string | undefined,
): CommandFailure | undefined {
  if (mine === undefined || theirs === undefined || mine === theirs) return undefined;
  return new CommandFailure('refused', 'MOVED', 'another connection has reached another server');
}
