// What nestjs-redis-streams/health exports. Printed by `npm run api`, and compared in CI.

import type { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';

export interface ClientHealthOptions {
  readonly timeout?: number;
}

export type HealthResult = Record<
  string,
  Readonly<Record<string, unknown>> & {
    readonly status: 'up' | 'degraded' | 'down';
  }
>;

export declare class RedisStreamsHealthIndicator {
  server(
    key: string,
    server: ServerRedisStreams,
    { maxBehind }?: ServerHealthOptions,
  ): HealthResult;
  client(
    key: string,
    client: ClientRedisStreams,
    { timeout }?: ClientHealthOptions,
  ): Promise<HealthResult>;
}

export interface ServerHealthOptions {
  readonly maxBehind?: number;
}
