import { Redis } from 'ioredis';
import { inject, onTestFinished } from 'vitest';

/** The Redis of the tests. */
export const redisUrl: string = inject('redisUrl');

/** Where nothing answers: the port of "discard", on which no machine of ours listens. */
export const deadUrl = 'redis://127.0.0.1:9';

/** A plain connection, to look and to meddle with; it closes when the test ends. */
export function redis(url: string = redisUrl): Redis {
  const connection = new Redis(url);
  connection.on('error', () => {});
  onTestFinished(() => connection.disconnect());
  return connection;
}
