import { Redis } from 'ioredis';
import type { NodeAddress } from '../../options/index.js';
import { destroyConnection, MORTAL, RESP2 } from '../connect.js';
import { deadline } from '../pauses.js';
import { readView, type NodeView } from './node-view.js';

/**
 * Asks one node what it knows of its Cluster, on a connection of its own, within `timeout` milliseconds. Rejects with
 * the error of Redis if it refused, else with why there is no answer.
 *
 * @param options those of the connection to each node
 */
export async function askNode(
  address: NodeAddress,
  options: object,
  timeout: number,
): Promise<NodeView> {
  const connection = new Redis({
    ...options,
    ...address,
    connectTimeout: timeout,
    enableReadyCheck: false,
    ...MORTAL,
    ...RESP2,
  });
  const limit = deadline(timeout, `no answer within ${timeout} ms`);
  // The last error says why a connection failed; `connect` itself only says that it is closed.
  let told: Error | undefined;
  connection.on('error', (error: Error) => (told = error));
  try {
    return await Promise.race([ask(connection, address.host), limit.promise]);
  } catch (error) {
    throw isReply(error) ? error : (told ?? error);
  } finally {
    limit.cancel();
    destroyConnection(connection);
  }
}

async function ask(connection: Redis, host: string): Promise<NodeView> {
  await connection.connect();
  const lines = connection.call('CLUSTER', 'NODES').catch(() => undefined);
  const slots = await connection.call('CLUSTER', 'SLOTS');
  return readView(slots, await lines, host);
}

/** Whether Redis itself said no. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
