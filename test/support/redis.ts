import { Redis } from 'ioredis';
import { inject, onTestFinished } from 'vitest';

/** The Redis of the tests. */
export const redisUrl: string = inject('redisUrl');

/** Where nothing answers: the port of "discard", on which no machine of ours listens. */
export const deadUrl = 'redis://127.0.0.1:9';

/** Options of a client or a server that reaches nothing, wherever its place is. */
export const away = { url: deadUrl, cluster: undefined };

/** A plain connection, to look and to meddle with; it closes when the test ends. */
export function redis(url: string = redisUrl): Redis {
  const connection = new Redis(url);
  connection.on('error', () => {});
  onTestFinished(() => connection.disconnect());
  return connection;
}
