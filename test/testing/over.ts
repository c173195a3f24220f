import { type RedisStreamsServerOptions, ServerRedisStreams } from 'nestjs-redis-streams';
import type { TestBroker } from 'nestjs-redis-streams/testing';
import { addHandlers, type Handlers } from '../support/handlers.js';
import { closing } from '../support/closing.js';
import { listening } from '../support/test-service.js';

/** An instance over a test broker, whose handlers are functions. It closes when the test ends. */
export async function over(
  broker: TestBroker,
  handlers: Handlers,
  options: RedisStreamsServerOptions = {},
): Promise<ServerRedisStreams> {
  const own = { client: broker.redis(), group: 'service', drainTimeout: 0 };
  const server = closing(new ServerRedisStreams({ ...own, ...options }));
  addHandlers(server, handlers);
  await listening(server);
  return server;
}
