import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  type Type,
} from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  REDIS_STREAMS,
  type RedisStreamsContext,
  type RedisStreamsServerOptions,
  type ServerRedisStreams,
} from 'nestjs-redis-streams';
import { type Observable, throwError } from 'rxjs';
import { type Handlers, withExtras } from './handlers.js';
import { PassThrough } from './pass-through.js';
import { TestService } from './test-service.js';

/** A service whose handlers are those of a Nest application with a global interceptor that does nothing. */
export class InterceptedService extends TestService {
  override async serve(
    handlers: Handlers,
    options: RedisStreamsServerOptions = {},
  ): Promise<ServerRedisStreams> {
    const strategy = this.strategy(options);
    await this.listen({ controllers: [controller(handlers)] }, strategy, (app) => {
      app.useGlobalInterceptors(new PassThrough());
      app.useGlobalFilters(new AsThrown());
    });
    return strategy;
  }
}

/** Where suites run that must not notice an interceptor. */
export const services: readonly [Where, Where] = [
  ['without Nest', TestService],
  ['behind a global interceptor', InterceptedService],
];

type Where = readonly [where: string, service: typeof TestService];

/** Nest would hide what is no `RpcException`; handlers of these tests throw what callers are to get. */
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
      const [handler, extras] = withExtras(one);
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
