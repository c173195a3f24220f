// What nestjs-redis-streams/prometheus exports. Printed by `npm run api`, and compared in CI.

import type { RedisStreamsClientOptions } from 'nestjs-redis-streams';

export type GaugeOptions = RedisStreamsClientOptions & {
  readonly interval?: number;
};

export interface MetricsOptions {
  readonly maxPatterns?: number;
  readonly gauges?: GaugeOptions;
}

export interface PrometheusOptions extends MetricsOptions {
  readonly registry?: PrometheusRegistry;
}

export interface PrometheusRegistry {
  registerMetric(metric: never): void;
  removeSingleMetric(name: string): void;
}

export declare function instrumentRedisStreams(options?: PrometheusOptions): () => Promise<void>;
