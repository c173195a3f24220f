// What nestjs-redis-streams/opentelemetry exports. Printed by `npm run api`, and compared in CI.

import type { TracerProvider } from '@opentelemetry/api';

export interface TraceOptions {
  readonly tracerProvider?: TracerProvider;
  readonly valueEvents?: number;
}

export declare function traceRedisStreams(options?: TraceOptions): () => void;
