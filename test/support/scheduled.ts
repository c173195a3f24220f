import type { TestService } from './test-service.js';

/** Milliseconds since 1970 on the clock of Redis. */
export async function timeOf({ redis }: TestService): Promise<number> {
  const [seconds = 0, micros = 0] = await redis.time();
  return seconds * 1000 + Math.floor(micros / 1000);
}

/** How many entries of a stream wait until they are due, and how many of them have fields. */
export const waiting = ({ redis, keys }: TestService, pattern: string): Promise<number[]> =>
  Promise.all([redis.zcard(keys.when(pattern)), redis.hlen(keys.later(pattern))]);
