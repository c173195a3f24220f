import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  ClientRedisStreams,
  type RedisStreamsClientOptions,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { onTestFinished } from 'vitest';
import { redisUrl } from './raw.js';

// The other side of the raw exchanges: real servers and clients.

export async function serve(
  prefix: string,
  controller: Type,
  group = 'service',
): Promise<{ close(): Promise<void> }> {
  const testing = await Test.createTestingModule({ controllers: [controller] }).compile();
  // Some handlers of the tests never end.
  const options = { url: redisUrl, prefix, group, drainTimeout: 100 };
  const strategy = new ServerRedisStreams(options);
  const app = testing.createNestMicroservice({ strategy, logger: false });
  onTestFinished(() => app.close());
  await app.listen();
  return app;
}

export function clientOf(
  prefix: string,
  options: RedisStreamsClientOptions = {},
): ClientRedisStreams {
  const client = new ClientRedisStreams({ url: redisUrl, prefix, ...options });
  onTestFinished(() => client.close());
  return client;
}
