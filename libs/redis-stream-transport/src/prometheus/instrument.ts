import { createRequire } from 'node:module';
import { RedisStreamsError } from '../errors.js';
import { INSTRUMENT_NAMES } from '../metrics/instruments.js';
import { record } from '../metrics/metrics.js';
import type { MetricsOptions } from '../metrics/metrics-options.js';
import { RegisteredMetric } from './registered-metric.js';

/** What is needed of a `Registry` of `prom-client`. */
export interface PrometheusRegistry {
  registerMetric(metric: never): void;
  removeSingleMetric(name: string): void;
}

export interface PrometheusOptions extends MetricsOptions {
  /**
   * Where the metrics appear. Default: the registry that `prom-client` and `@willsoto/nestjs-prometheus` use by
   * themselves.
   */
  readonly registry?: PrometheusRegistry;
}

/**
 * Records what all clients and servers of this process do, and shows it in a registry of `prom-client`. Call it once,
 * before they connect: what happened before is not counted.
 *
 * @returns ends it, and removes the metrics from the registry; never rejects
 * @throws RedisStreamsError INVALID_OPTION, also if `prom-client` is not installed and no registry is given
 * @throws Error of `prom-client`: the registry has these metrics already
 *
 * @example
 * const stop = instrumentRedisStreams({ gauges: { url: 'redis://localhost:6379' } });
 */
export function instrumentRedisStreams(options: PrometheusOptions = {}): () => Promise<void> {
  const { registry = defaultRegistry(), ...rest } = options;
  const registered: string[] = [];
  const remove = (): void => {
    for (const name of registered) registry.removeSingleMetric(name);
  };
  const recording = record(rest);
  try {
    for (const name of INSTRUMENT_NAMES) {
      const metric = new RegisteredMetric(name, recording);
      registry.registerMetric(metric as never);
      registered.push(metric.name);
    }
  } catch (error) {
    remove();
    void recording.stop();
    throw error;
  }
  return async () => {
    remove();
    await recording.stop();
  };
}

/** `prom-client` is an optional peer, so it is looked for only when it is needed. */
function defaultRegistry(): PrometheusRegistry {
  try {
    const { register } = createRequire(import.meta.url)('prom-client') as {
      readonly register: PrometheusRegistry;
    };
    return register;
  } catch (cause) {
    const message = 'metrics for Prometheus need prom-client: npm install prom-client';
    throw new RedisStreamsError('INVALID_OPTION', message, { cause });
  }
}
