// A real Redis (or Valkey) for the demo and the tests, on a machine that may have none.
import { findServer } from './redis/find-server.js';
import { sweepLeftovers } from '../libs/redis-stream-transport/src/testing/redis-server/leftovers.js';
import { startServer, type PrivateRedis, type RedisStartOptions } from './redis/server-process.js';

export type { PrivateRedis, RedisStartOptions };

export interface RunningRedis {
  readonly url: string;
  /** How it was found: `REDIS_URL`, or where the binary of a private server comes from. */
  readonly from: string;
  /** Ends the server and removes its folder; does nothing to a server of REDIS_URL. */
  stop(): Promise<void>;
}

/** The server of REDIS_URL, which is never flushed nor stopped; else a private one. */
export async function startRedis(
  options?: RedisStartOptions,
): Promise<RunningRedis & Partial<PrivateRedis>> {
  const url = process.env.REDIS_URL;
  if (url) return { url, from: 'REDIS_URL', stop: async () => {} };
  return startPrivateRedis(options);
}

/** A private server, which may be killed, frozen or filled. */
export async function startPrivateRedis(options?: RedisStartOptions): Promise<PrivateRedis> {
  sweepLeftovers();
  return startServer(findServer(), options);
}
