// What nestjs-redis-streams/dead-letters exports. Printed by `npm run api`, and compared in CI.

import type { OnApplicationShutdown } from '@nestjs/common';
import type { Headers, RedisStreamsClientOptions } from 'nestjs-redis-streams';
import type { WireCodec } from 'nestjs-redis-streams/protocol';

export interface DeadLetterEntry {
  readonly id: string;
  readonly reason: DeadLetterReason;
  readonly error: string;
  readonly errorName: string | undefined;
  readonly errorCode: string | undefined;
  readonly errorStack: string | undefined;
  readonly pattern: string;
  readonly stream: string;
  readonly kind: 'request' | 'event' | 'unreadable';
  readonly entryId: string;
  readonly deliveries: number;
  readonly attempts: number;
  readonly consumer: string;
  readonly at: number;
  readonly data: unknown;
  readonly text: string | undefined;
  readonly codec: WireCodec | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly replayed: number;
  readonly originalId: string;
  readonly replayable: boolean;
  readonly broadcast: boolean;
}

export interface DeadLetterFilter {
  readonly pattern?: string;
  readonly reason?: DeadLetterReason;
  readonly since?: number;
  readonly until?: number;
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetterEntry[];
  readonly next: string | undefined;
}

export type DeadLetterReason =
  | 'untrusted'
  | 'malformed'
  | 'version'
  | 'deliveries'
  | 'attempts'
  | 'final'
  | 'handler'
  | 'expired'
  | 'idempotency';

export declare class DeadLetters implements OnApplicationShutdown {
  constructor({ group, ...options }: DeadLettersOptions);
  count(): Promise<number>;
  get(id: string): Promise<DeadLetterEntry | undefined>;
  page(
    filter?: DeadLetterFilter,
    page?: {
      readonly after?: string;
      readonly limit?: number;
    },
  ): Promise<DeadLetterPage>;
  list(filter?: DeadLetterFilter): AsyncGenerator<DeadLetterEntry, void, undefined>;
  replay(id: string, changes?: ReplayChanges): Promise<string | undefined>;
  replayAll(
    filter?: DeadLetterFilter,
    bounds?: {
      readonly limit?: number;
    } & Pick<ReplayChanges, 'headers'>,
  ): Promise<ReplaySummary>;
  discard(id: string): Promise<void>;
  discardAll(
    filter: DeadLetterFilter,
    bounds?: {
      readonly limit?: number;
    },
  ): Promise<number>;
  close(): Promise<void>;
  onApplicationShutdown(): Promise<void>;
}

export interface DeadLettersOptions extends RedisStreamsClientOptions {
  readonly group: string;
}

export interface ReplayChanges {
  readonly data?: unknown;
  readonly headers?: Headers;
}

export interface ReplaySummary {
  readonly replayed: number;
  readonly skipped: number;
  readonly full: boolean;
  readonly more: boolean;
}
