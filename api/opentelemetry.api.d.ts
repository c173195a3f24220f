// What nestjs-redis-streams/opentelemetry exports. Printed by `npm run api`, and compared in CI.

import type { Api, TracerProvider } from '@opentelemetry/api';
import type { MetricsOptions } from 'nestjs-redis-streams/prometheus';

export interface MeterOptions extends MetricsOptions {
  readonly meter?: Api.Meter;
}

export interface TraceOptions {
  readonly tracerProvider?: TracerProvider;
  readonly valueEvents?: number;
  readonly unsampledHeaders?: boolean;
  readonly rootShare?: number;
}

export declare function instrumentMeter(options?: MeterOptions): () => Promise<void>;

export declare function traceRedisStreams(options?: TraceOptions): () => void;
