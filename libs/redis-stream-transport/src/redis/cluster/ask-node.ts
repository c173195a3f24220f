import { Redis, type ClusterOptions } from 'ioredis';
import type { NodeAddress } from '../../options/index.js';
import { Attempt } from '../connections/attempt.js';
import { MORTAL, RESP2 } from '../connect.js';
import { deadline } from '../pauses.js';
import { readView, type NodeView } from './node-view.js';
import { toNode } from './nodes.js';

/**
 * Asks one node what it knows of its Cluster, on a connection of its own, within `timeout` milliseconds. Rejects with
 * the error of Redis if it refused, else with why there is no answer.
 *
 * @param options those of the connection to each node
 */
export async function askNode(
  address: NodeAddress,
  options: ClusterOptions['redisOptions'],
  timeout: number,
): Promise<NodeView> {
  const connection = new Redis({
    ...toNode(options, address),
    connectTimeout: timeout,
    enableReadyCheck: false,
    ...MORTAL,
    ...RESP2,
  });
  const spoken = connection.options.tls ? ' by TLS' : '';
  const limit = deadline(timeout, `no answer${spoken} within ${timeout} ms`);
  // It knows why a connection failed; `connect` itself only says that it is closed.
  const attempt = new Attempt(connection);
  let refusal: Error | undefined;
  connection.on('error', (error: Error) => {
    if (isReply(error)) refusal ??= error;
  });
  try {
    return await Promise.race([ask(connection, address), limit.promise]);
  } catch (error) {
    throw isReply(error) ? error : (refusal ?? attempt.told ?? error);
  } finally {
    limit.cancel();
    attempt.destroy();
  }
}

async function ask(connection: Redis, address: NodeAddress): Promise<NodeView> {
  await connection.connect();
  const lines = connection.call('CLUSTER', 'NODES').catch(() => undefined);
  const slots = await connection.call('CLUSTER', 'SLOTS');
  return readView(slots, await lines, address);
}

/** Whether Redis itself said no. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
