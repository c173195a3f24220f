import { Redis } from 'ioredis';
import { startRedis } from 'nestjs-redis-streams/testing';
import { findServer } from '../../tools/redis/find-server.js';
import { redisUrl } from '../support/redis.js';

afterEach(() => vi.unstubAllEnvs());

async function asked<T>(url: string, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}

test('starts a private server without persistence, and stops it', async () => {
  const { bin, env } = findServer();
  vi.stubEnv('REDIS_URL', '');
  vi.stubEnv('NRS_REDIS_BIN', bin);
  vi.stubEnv('LD_LIBRARY_PATH', env['LD_LIBRARY_PATH'] ?? '');
  const redis = await startRedis({ args: ['--maxmemory', '16mb'] });

  expect(redis.from).toBe('NRS_REDIS_BIN');
  expect(await asked(redis.url, (client) => client.config('GET', 'maxmemory'))).toContain(
    '16777216',
  );
  expect(await asked(redis.url, (client) => client.config('GET', 'save'))).toEqual(['save', '']);
  await redis.stop();
  await redis.stop();
  await expect(asked(redis.url, (client) => client.ping())).rejects.toThrow();
});

test('uses the server of REDIS_URL and leaves it alone', async () => {
  vi.stubEnv('REDIS_URL', redisUrl);
  const redis = await startRedis();
  await redis.stop();

  expect(redis).toMatchObject({ url: redisUrl, from: 'REDIS_URL' });
  expect(await asked(redisUrl, (client) => client.ping())).toBe('PONG');
});

test('says what the server said when it does not start', async () => {
  const { bin, env } = findServer();
  vi.stubEnv('REDIS_URL', '');
  vi.stubEnv('NRS_REDIS_BIN', bin);
  vi.stubEnv('LD_LIBRARY_PATH', env['LD_LIBRARY_PATH'] ?? '');
  await expect(startRedis({ args: ['--no-such-option', '1'] })).rejects.toThrow('no-such-option');
});

test('names one way per system where there is no server', async () => {
  for (const name of ['REDIS_URL', 'NRS_REDIS_BIN', 'PATH']) vi.stubEnv(name, '');
  const refused = startRedis();
  for (const advice of ['REDIS_URL', 'apt-get install', 'dnf install', 'brew install', 'docker'])
    await expect(refused).rejects.toThrow(advice);
});
