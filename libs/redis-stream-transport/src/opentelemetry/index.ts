// Traces with OpenTelemetry; needs the package `@opentelemetry/api`.
export { traceRedisStreams } from './trace-redis-streams.js';
export type { TraceOptions } from './trace-options.js';
export { instrumentMeter, type MeterOptions } from '../metrics/instrument-meter.js';
