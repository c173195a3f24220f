import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { instrumentMeter, type MeterOptions } from 'nestjs-redis-streams/opentelemetry';
import { onTestFinished } from 'vitest';
import {
  INSTRUMENT_NAMES,
  INSTRUMENTS,
  openTelemetryName,
} from '../../libs/redis-stream-transport/src/metrics/instruments.js';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';

/** An SDK of the test's own. */
function sdk() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  /** What was exported last, by name. */
  const exported = async () => {
    await provider.forceFlush();
    const [scope] = exporter.getMetrics().at(-1)?.scopeMetrics ?? [];
    return new Map((scope?.metrics ?? []).map((metric) => [metric.descriptor.name, metric]));
  };
  const points = async (name: string) =>
    (await exported()).get(`nestjs_redis_streams.${name}`)?.dataPoints ?? [];
  return { provider, exported, points };
}

function instrumented(options: Omit<MeterOptions, 'meter'> = {}) {
  const { provider, ...rest } = sdk();
  onTestFinished(instrumentMeter({ meter: provider.getMeter('test'), ...options }));
  return rest;
}

describe('metrics for OpenTelemetry', () => {
  it('the same instruments: counts and times, in the same buckets', async () => {
    const { points, exported } = instrumented();
    const service = new TestService();
    await service.serve({ messages: { works: () => 1 } });
    const client = await service.connected();
    await client.call('works');
    await client.call('works');
    const attributes = { pattern: 'works', result: 'answered' };
    expect(await points('calls')).toMatchObject([
      { value: 2, attributes: { ...attributes, code: '' } },
    ]);
    const [times] = (await points('call_duration')) as DataPoint<Histogram>[];
    expect(times?.attributes).toEqual(attributes);
    expect(times?.value.count).toBe(2);
    expect(times?.value.buckets.boundaries).toEqual(INSTRUMENTS.call_duration.buckets);
    const { descriptor, dataPointType } = (await exported()).get(
      openTelemetryName('call_duration'),
    )!;
    expect(descriptor).toMatchObject({ unit: 's' });
    expect(dataPointType).toBe(DataPointType.HISTOGRAM);
    await eventually(async () =>
      expect(await points('entries')).toMatchObject([
        { value: 2, attributes: { group: 'service', ...attributes } },
      ]),
    );
  });

  it('what Redis knows', async () => {
    const service = new TestService();
    await service.redis.xadd(service.stream('works'), '*', 'c', '1 json - - 0', 'd', '1');
    const { points } = instrumented({ gauges: { ...service.address, interval: 1000 } });
    await eventually(async () =>
      expect(await points('backlog_entries')).toMatchObject([
        { value: 1, attributes: { group: '', pattern: 'works' } },
      ]),
    );
    expect(await points('redis_read_up')).toMatchObject([{ value: 1 }]);
  });

  it('has no name beyond the table', async () => {
    const { exported } = instrumented();
    const client = await new TestService().connected();
    await client.tell('happened', 1);
    const names = new Set(INSTRUMENT_NAMES.map(openTelemetryName));
    expect([...(await exported()).keys()].filter((name) => !names.has(name))).toEqual([]);
    expect([...(await exported()).keys()]).toContain('nestjs_redis_streams.events');
  });

  it('uses the SDK that is registered, and ends when it is told to', async () => {
    const { provider, points } = sdk();
    metrics.setGlobalMeterProvider(provider);
    onTestFinished(() => metrics.disable());
    const stop = instrumentMeter();
    onTestFinished(stop);
    const client = await new TestService().connected();
    await client.tell('happened', 1);
    expect(await points('events')).toMatchObject([{ value: 1 }]);
    await stop();
    await client.tell('happened', 1);
    const [times] = (await points('event_duration')) as DataPoint<Histogram>[];
    expect(times?.value.count ?? 1).toBe(1);
  });
});
