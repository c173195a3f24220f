// What nestjs-redis-streams/testing exports. Printed by `npm run api`, and compared in CI.

import type { Redis } from 'ioredis';
import type { Priority, RedisStreamsContext } from 'nestjs-redis-streams';
import type { AbortReason } from 'nestjs-redis-streams/diagnostics';

export interface Connected {
  unwrap<T>(): T;
}

export type Failure = 'refused' | 'lost' | 'unsent';

export interface FailureOptions {
  readonly how?: Failure;
  readonly error?: string;
}

export interface StartRedisOptions {
  readonly args?: readonly string[];
}

export interface StartedRedis {
  readonly url: string;
  readonly from: string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export declare class TestBroker {
  get now(): number;
  redis(): Redis;
  settle(): Promise<void>;
  advance(ms: number): Promise<void>;
  until<T>(promise: Promise<T>, within?: number): Promise<T>;
  drain(within?: number): Promise<void>;
  deadLetters(group?: string): TestDeadLetter[];
  failNext(operation: string, { how, error }?: FailureOptions): void;
  kill(instance: Connected): void;
}

export interface TestBrokerOptions {
  readonly time?: 'virtual' | 'real';
  readonly now?: number;
  readonly seed?: number;
}

export declare class TestContext extends RedisStreamsContext {
  get outcome(): TestOutcome | undefined;
  get replyHeaders(): Readonly<Record<string, string>>;
  abort(reason?: AbortReason): void;
}

export interface TestContextOptions {
  readonly pattern?: string;
  readonly kind?: 'request' | 'event';
  readonly metadata?: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string;
  readonly priority?: Priority;
  readonly deliveryCount?: number;
  readonly failedAttempts?: number;
  readonly timeout?: number;
}

export interface TestDeadLetter {
  readonly id: string;
  readonly group: string;
  readonly pattern: string;
  readonly messageId: string;
  readonly reason: string;
  readonly error: string;
  readonly data: unknown;
  readonly fields: Readonly<Record<string, string>>;
}

export type TestOutcome =
  | {
      readonly kind: 'acknowledged';
    }
  | {
      readonly kind: 'retry';
      readonly delay: number | undefined;
    }
  | {
      readonly kind: 'dead-letter';
      readonly reason: string;
    };

export declare function createContext(options?: TestContextOptions): TestContext;

export declare function createTestBroker(options?: TestBrokerOptions): TestBroker;

export declare function startRedis({ args }?: StartRedisOptions): Promise<StartedRedis>;
