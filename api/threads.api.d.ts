// What nestjs-redis-streams/threads exports. Printed by `npm run api`, and compared in CI.

import type { RpcException } from '@nestjs/microservices';
import type { RedisStreamsBatchContext, RedisStreamsContext } from 'nestjs-redis-streams';

export type InThread<F extends ThreadFunction> = F extends (
  data: infer D,
  context: ThreadContext,
) => infer R
  ? Awaited<R> extends Several
    ? never
    : (data: D, context: RedisStreamsContext | RedisStreamsBatchContext) => Promise<Awaited<R>>
  : never;

export interface InThreadOptions {
  readonly errors?: readonly ThrownClass[];
}

export interface ThreadContext {
  readonly signal: AbortSignal;
  readonly pattern: string;
  readonly messageId: string;
  readonly callId: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly deliveryCount: number;
  remainingTime(): number;
}

export declare class ThreadError extends RpcException {
  readonly code: ThreadErrorCode;
  getError(): object;
  toJSON(): object;
  static is(value: unknown): value is ThreadError;
}

export type ThreadErrorCode =
  | 'THREAD_LOST'
  | 'TIMEOUT'
  | 'CANCELLED'
  | 'OVERLOADED'
  | 'CLOSED'
  | 'INVALID_MESSAGE'
  | 'INVALID_OPTION';

export type ThreadFunction = (data: never, context: ThreadContext) => unknown;

export type ThrownClass = abstract new (...args: never[]) => Error;

export declare function inThread<F extends ThreadFunction>(
  module: URL | string,
  name: string,
  options?: InThreadOptions,
): InThread<F>;

// Named above, and not exported.

type Several =
  | AsyncIterable<unknown>
  | {
      next(): unknown;
    }
  | {
      subscribe(): unknown;
    };
