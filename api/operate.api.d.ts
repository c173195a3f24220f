// What nestjs-redis-streams/operate exports. Printed by `npm run api`, and compared in CI.

import type { RedisStreamsClientOptions } from 'nestjs-redis-streams';

export interface Backlog {
  readonly shards: number;
  readonly streams: readonly StreamBacklog[];
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly callers: number;
}

export interface GroupBacklog {
  readonly group: string;
  readonly instances: number;
  readonly unread: number;
  readonly pending: number;
  readonly retries: number;
  readonly running: number;
  readonly oldestFor: number | undefined;
}

export interface StreamBacklog {
  readonly stream: string;
  readonly shard: number;
  readonly length: number;
  readonly quietFor: number | undefined;
  readonly groups: readonly GroupBacklog[];
}

export declare function isDrained(backlog: Backlog, quiet?: number): boolean;

export declare function leftIn(backlog: Backlog, quiet?: number): string[];

export declare function readBacklog(options?: RedisStreamsClientOptions): Promise<Backlog>;

export declare function readDeadLetters(
  options?: RedisStreamsClientOptions,
): Promise<Readonly<Record<string, number>>>;

export declare function readShards(
  options?: RedisStreamsClientOptions,
): Promise<number | undefined>;
