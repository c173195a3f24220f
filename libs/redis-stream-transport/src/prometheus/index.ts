/** Metrics for Prometheus: the instruments of docs/metrics.md in a registry of `prom-client`. */
export {
  instrumentRedisStreams,
  type PrometheusOptions,
  type PrometheusRegistry,
} from './instrument.js';
export type { GaugeOptions, MetricsOptions } from '../metrics/metrics-options.js';
