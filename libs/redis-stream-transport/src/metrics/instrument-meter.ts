import { createRequire } from 'node:module';
import type * as Api from '@opentelemetry/api';
import { RedisStreamsError } from '../errors.js';
import {
  INSTRUMENT_NAMES,
  instrument,
  openTelemetryName,
  type InstrumentName,
} from './instruments.js';
import { record } from './metrics.js';
import type { MetricsOptions } from './metrics-options.js';
import { Tallies, type LabelValues, type Times } from './tallies.js';

export interface MeterOptions extends MetricsOptions {
  /** Default: that of the SDK that the application has registered. */
  readonly meter?: Api.Meter;
}

/**
 * Records what all clients and servers of this process do, with the meter of OpenTelemetry. Call it once, after the SDK was
 * registered and before clients and servers connect.
 *
 * @returns ends it; never rejects
 * @throws RedisStreamsError INVALID_OPTION, also if `@opentelemetry/api` is not installed and no meter is given
 *
 * @example
 * const stop = instrumentMeter({ gauges: { url: 'redis://localhost:6379' } });
 */
export function instrumentMeter(options: MeterOptions = {}): () => Promise<void> {
  const { meter = globalMeter(), ...rest } = options;
  const tallies = new Tallies();
  const histograms = new Map<InstrumentName, Api.Histogram>();
  tallies.whenMet((name, times) => tap(histograms.get(name), name, times));
  for (const name of INSTRUMENT_NAMES) {
    if (instrument(name).kind === 'histogram') histograms.set(name, histogram(meter, name));
  }
  const recording = record(rest, tallies);
  const read = INSTRUMENT_NAMES.filter((name) => instrument(name).kind !== 'histogram').map(
    (name) => [name, observable(meter, name)] as const,
  );
  const observe = (result: Api.BatchObservableResult): void => {
    recording.refresh();
    for (const [name, of] of read) {
      for (const { labels, value } of tallies.allCounts(name)) {
        result.observe(of, value, attributes(name, labels));
      }
    }
  };
  const observed = read.map(([, of]) => of);
  meter.addBatchObservableCallback(observe, observed);
  return async () => {
    meter.removeBatchObservableCallback(observe, observed);
    await recording.stop();
  };
}

/** The API has no histogram that is read, so each time is recorded. */
function tap(of: Api.Histogram | undefined, name: InstrumentName, times: Times): void {
  if (of === undefined) return;
  const own = attributes(name, times.labels);
  times.tap = (seconds) => of.record(seconds, own);
}

function histogram(meter: Api.Meter, name: InstrumentName): Api.Histogram {
  const { help: description, buckets = [] } = instrument(name);
  const advice = { explicitBucketBoundaries: [...buckets] };
  return meter.createHistogram(openTelemetryName(name), { description, unit: 's', advice });
}

function observable(meter: Api.Meter, name: InstrumentName): Api.Observable {
  const { kind, unit, help: description } = instrument(name);
  const settings = { description, ...(unit === 'seconds' ? { unit: 's' } : {}) };
  return kind === 'counter'
    ? meter.createObservableCounter(openTelemetryName(name), settings)
    : meter.createObservableGauge(openTelemetryName(name), settings);
}

function attributes(name: InstrumentName, values: LabelValues): Api.Attributes {
  return Object.fromEntries(instrument(name).labels.map((label, i) => [label, values[i] ?? '']));
}

/** `@opentelemetry/api` is an optional peer, so it is looked for only when it is needed. */
function globalMeter(): Api.Meter {
  try {
    const api = createRequire(import.meta.url)('@opentelemetry/api') as typeof Api;
    return api.metrics.getMeter('nestjs-redis-streams');
  } catch (cause) {
    const message =
      'metrics for OpenTelemetry need @opentelemetry/api: npm install @opentelemetry/api';
    throw new RedisStreamsError('INVALID_OPTION', message, { cause });
  }
}
