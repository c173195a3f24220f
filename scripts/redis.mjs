// A real Redis (or Valkey) for the demo and the tests, on a machine that may have none.
import { findServer } from './redis/find-server.mjs';
import { sweepLeftovers } from './redis/leftovers.mjs';
import { startServer } from './redis/server-process.mjs';

/** The server of REDIS_URL, which is never flushed nor stopped; else a private one. */
export async function startRedis(options) {
  const url = process.env.REDIS_URL;
  if (url) return { url, from: 'REDIS_URL', stop: async () => {} };
  return startPrivateRedis(options);
}

/** A server of one's own, to be killed, frozen or filled at will. */
export async function startPrivateRedis(options) {
  sweepLeftovers();
  return startServer(findServer(), options);
}
