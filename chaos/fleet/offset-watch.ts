// Looks many times per second how much the primary has written, so that the checker can tell what a replica that takes
// over had received.
import type { Redis } from 'ioredis';
import type { KeptServer } from '../../tools/redis/kept-server.js';
import type { History } from '../kit/history.js';
import { now } from '../kit/time.js';
import type { Replicated } from './store.js';

/** Milliseconds. What was written between two looks counts as not received. */
const every = 20;

/** @returns a function that stops the watch */
export function watchOffsets(store: Replicated, log: History): () => void {
  const asked = new Set<KeptServer>();
  const look = async (server: KeptServer) => {
    if (asked.has(server)) return;
    asked.add(server);
    const t = now();
    try {
      const offset = await writtenBy(server);
      // It was this large at the latest when the answer came: all that was written before the question is in it.
      log.write({ k: 'offset', port: server.port, offset, t });
    } catch {
      // The server is away.
    } finally {
      asked.delete(server);
    }
  };
  const timer = setInterval(() => void look(store.primary), every);
  return () => clearInterval(timer);
}

/** The offset up to which a replica that was promoted has what its master had written. */
export async function receivedBy({ redis }: KeptServer): Promise<number> {
  return (await replication(redis, 'second_repl_offset')) - 1;
}

/** The offset of all that a server has written, or received. */
export const writtenBy = ({ redis }: KeptServer): Promise<number> =>
  replication(redis, 'master_repl_offset');

async function replication(redis: Redis, name: string): Promise<number> {
  const value = new RegExp(`^${name}:(-?\\d+)`, 'm').exec(await redis.info('replication'))?.[1];
  if (value === undefined) throw new Error(`INFO lacks ${name}`);
  return Number(value);
}
