import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  type Type,
} from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  REDIS_STREAMS,
  ServerRedisStreams,
  type RedisStreamsContext,
  type RedisStreamsServerOptions,
} from 'nestjs-redis-streams';
import { type Observable, throwError } from 'rxjs';
import { onTestFinished } from 'vitest';
import { Arena, type Handlers } from './arena.js';
import { PassThrough } from './pass-through.js';

/** An arena whose handlers are those of a Nest application with a global interceptor that does nothing. */
export class InterceptedArena extends Arena {
  override async serve(
    handlers: Handlers,
    options: RedisStreamsServerOptions = {},
  ): Promise<ServerRedisStreams> {
    const { url, prefix } = this;
    const strategy = new ServerRedisStreams({ url, prefix, group: 'service', ...options });
    const module = await Test.createTestingModule({
      controllers: [controller(handlers)],
    }).compile();
    const app = module.createNestMicroservice({ strategy, logger: false });
    app.useGlobalInterceptors(new PassThrough());
    app.useGlobalFilters(new AsThrown());
    onTestFinished(() => app.close());
    await app.listen();
    return strategy;
  }
}

/** Where suites run that must not notice an interceptor. */
export const arenas: readonly [Where, Where] = [
  ['without Nest', Arena],
  ['behind a global interceptor', InterceptedArena],
];

type Where = readonly [where: string, arena: typeof Arena];

/** Nest would hide what is no `RpcException`; handlers in an arena throw what callers are to get. */
@Catch()
class AsThrown implements ExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => error);
  }
}

function controller(handlers: Handlers): Type {
  @Controller()
  class Handling {}
  const { prototype } = Handling;
  const kinds = [
    [MessagePattern, handlers.messages] as const,
    [EventPattern, handlers.events] as const,
  ];
  for (const [decorate, given] of kinds) {
    for (const [pattern, one] of Object.entries(given ?? {})) {
      const [handler, extras] = typeof one === 'function' ? [one, {}] : one;
      const name = `${decorate.name} ${pattern}`;
      // Nest keeps what it knows of a method on its function, and one handler may serve many patterns.
      const value = (data: never, context: RedisStreamsContext) => handler(data, context);
      Object.defineProperty(prototype, name, { value, configurable: true });
      Payload()(prototype, name, 0);
      Ctx()(prototype, name, 1);
      const descriptor = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
      decorate(pattern, REDIS_STREAMS, { ...extras })(prototype, name, descriptor);
    }
  }
  return Handling;
}
