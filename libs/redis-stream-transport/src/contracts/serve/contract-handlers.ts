import type { Observable } from 'rxjs';
import type { MethodNames } from '../call/contract-client.js';
import type { Command, Event, Streamed } from '../declare/method.decorators.js';

type Handler<M> = M extends (...args: infer A) => Command<infer T>
  ? (...args: A) => T | Promise<T> | Observable<T>
  : M extends (...args: infer A) => Streamed<infer T>
    ? (...args: A) => Values<T> | Promise<Values<T>>
    : M extends (...args: infer A) => Event
      ? (...args: A) => void | Promise<void>
      : never;

type Values<T> = Observable<T> | AsyncIterable<T>;

/**
 * What a controller must have to implement a contract: `class X implements ContractHandlers<FilesContract>`.
 * After the declared parameters a handler may have further, optional ones with Nest's decorators, such as
 * `@Ctx() context?: RedisStreamsContext`.
 */
export type ContractHandlers<C> = { [K in MethodNames<C>]: Handler<C[K]> };
