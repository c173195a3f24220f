import type { Connection } from './connect.js';

/**
 * The `run_id` of the server that a connection has reached: each start of a server has another one. Undefined if the
 * user may not ask. Rejects with nothing: a connection that has ended is noticed elsewhere.
 */
export async function runIdOf(connection: Connection): Promise<string | undefined> {
  const info = await connection.info('server').catch(() => undefined);
  return /^run_id:(\w{1,64})/m.exec(String(info))?.[1];
}
