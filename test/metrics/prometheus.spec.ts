import { channel } from 'node:diagnostics_channel';
import { Controller, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { DeadLetter, RetryLater } from 'nestjs-redis-streams';
import { CHANNEL_PREFIX, DIAGNOSTICS } from 'nestjs-redis-streams/diagnostics';
import { instrumentRedisStreams } from 'nestjs-redis-streams/prometheus';
import { register, Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import {
  INSTRUMENT_NAMES,
  prometheusName,
} from '../../libs/redis-stream-transport/src/metrics/instruments.js';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { Gate } from '../support/gate.js';
import { TestService } from '../support/test-service.js';
import { samplesOf, scraped } from './scraped.js';

const heard = () => DIAGNOSTICS.filter((name) => channel(CHANNEL_PREFIX + name).hasSubscribers);

describe('metrics for Prometheus', () => {
  it('calls: sent, ended by result and code, and how long they took', async () => {
    const { value } = scraped();
    const service = new TestService();
    const fails = () => {
      throw new Error('no');
    };
    await service.serve({ messages: { works: () => 1, fails } });
    const client = await service.connected({ whenNoConsumer: 'fail' });
    await client.call('works');
    await client.call('works');
    await client.failure('fails');
    await client.failure('nobody');
    expect(await value('calls_sent_total', { pattern: 'works' })).toBe(2);
    const ended = (pattern: string, result: string, code = '') =>
      value('calls_total', { pattern, result, code });
    expect(await ended('works', 'answered')).toBe(2);
    expect(await ended('fails', 'failed')).toBe(1);
    expect(await ended('nobody', 'refused', 'NO_CONSUMER')).toBe(1);
    const works = { pattern: 'works', result: 'answered' };
    expect(await value('call_duration_seconds_count', works)).toBe(2);
    expect(await value('call_duration_seconds_bucket', { ...works, le: '60' })).toBe(2);
    expect(await value('call_duration_seconds_sum', works)).toBeGreaterThan(0);
  });

  it('events: stored', async () => {
    const { value } = scraped();
    const client = await new TestService().connected();
    await client.tell('happened', 1);
    expect(await value('events_total', { pattern: 'happened', code: '' })).toBe(1);
    expect(await value('event_duration_seconds_count', { pattern: 'happened' })).toBe(1);
  });

  it('entries: by result, with their times, retries, dead letters, and handlers that run', async () => {
    const { value } = scraped();
    const service = new TestService();
    const gate = new Gate();
    let tries = 0;
    const again = () => {
      if (tries++ === 0) throw new RetryLater(1);
      return tries;
    };
    const dies = () => {
      throw new DeadLetter('no');
    };
    const waits = async () => (await gate.opened, 1);
    await service.serve({ messages: { again, waits }, events: { dies } });
    const client = await service.connected();
    const of = (pattern: string) => ({ group: 'service', pattern });
    await client.call('again');
    await client.tell('dies', 1);
    const waiting = client.call('waits');
    await eventually(async () => {
      expect(await value('handlers_running', { group: 'service' })).toBe(1);
      expect(await value('dead_letters_total', { ...of('dies'), reason: 'handler' })).toBe(1);
    });
    gate.open();
    await waiting;
    await eventually(async () => {
      expect(await value('handlers_running', { group: 'service' })).toBe(0);
    });
    expect(await value('retries_total', of('again'))).toBe(1);
    const ended = (result: string) => value('entries_total', { ...of('again'), result });
    expect([await ended('retried'), await ended('answered')]).toEqual([1, 1]);
    for (const times of ['entry_in_stream', 'entry_waiting']) {
      expect(await value(`${times}_seconds_count`, of('waits'))).toBe(1);
    }
    const ran = { ...of('waits'), result: 'answered' };
    expect(await value('entry_running_seconds_count', ran)).toBe(1);
  });

  it('what an instance takes over from one that has left', async () => {
    const { value } = scraped();
    const service = new TestService();
    const gate = new Gate();
    let first = true;
    const waits = async () => {
      if (!first) return 1;
      first = false;
      await gate.opened;
      return 2;
    };
    const leaving = await service.serve({ messages: { waits } }, { drainTimeout: 0 });
    const client = await service.connected();
    const answer = client.call('waits');
    await eventually(() => expect(first).toBe(false));
    await service.serve({ messages: { waits } });
    await leaving.close();
    await answer;
    gate.open();
    const labels = { group: 'service', pattern: 'waits' };
    expect(await value('entries_taken_over_total', labels)).toBe(1);
  });

  it('connections', async () => {
    const { value } = scraped();
    await new TestService().connected();
    const labels = { role: 'client', connection: 'commands' };
    expect(await value('connections_made_total', labels)).toBe(1);
  });

  it('has a bound on patterns, and beyond it one series for all others', async () => {
    const { value, samples } = scraped({ maxPatterns: 2 });
    const client = await new TestService().connected();
    for (let i = 0; i < 5; i++) await client.tell(`p${i}`, 1);
    expect(await value('events_total', { pattern: 'p1' })).toBe(1);
    expect(await value('events_total', { pattern: 'other' })).toBe(3);
    const patterns = (await samples()).map(({ labels }) => labels['pattern']);
    expect(new Set(patterns)).toEqual(new Set([undefined, 'p0', 'p1', 'other']));
  });

  it('hostile patterns do nothing in the text', async () => {
    const { registry, samples } = scraped();
    const client = await new TestService().connected();
    const hostile = [
      'a"} 1\nfaked 1',
      'red\u001b[31m',
      'back\\',
      '{"cmd":"sum"}',
      '\u202eltr',
      'x'.repeat(1024),
      '<script>alert(1)</script>',
    ];
    for (const pattern of hostile) await client.tell(pattern, 1);
    const text = await registry.metrics();
    // Line ends aside, no control character and nothing that turns the text round.
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\u202e/u);
    const sampled = (await samples()).filter(({ name }) => name.endsWith('events_total'));
    expect(sampled).toHaveLength(hostile.length);
    expect(samplesOf(text).some(({ name }) => name === 'faked')).toBe(false);
    for (const { labels } of sampled) expect(labels['pattern']?.length).toBeLessThan(300);
  });

  it('has each instrument of the table, and removes them again', async () => {
    const { registry, stop } = scraped();
    const names = INSTRUMENT_NAMES.map(prometheusName);
    const inRegistry = async () => (await registry.getMetricsAsJSON()).map(({ name }) => name);
    expect(await inRegistry()).toEqual(names);
    expect(heard()).toContain('call.ended');
    await stop();
    expect(await inRegistry()).toEqual([]);
    expect(heard()).toEqual([]);
  });

  it('a second time in the same registry is refused, and leaves the first as it is', async () => {
    const { registry, value } = scraped();
    const client = await new TestService().connected();
    expect(() => instrumentRedisStreams({ registry })).toThrow('already been registered');
    await client.tell('happened', 1);
    expect(await value('events_total', { pattern: 'happened' })).toBe(1);
  });

  it('speaks OpenMetrics, if the registry does', async () => {
    const registry = new Registry();
    registry.setContentType('application/openmetrics-text; version=1.0.0; charset=utf-8' as never);
    onTestFinished(instrumentRedisStreams({ registry }));
    const client = await new TestService().connected();
    await client.tell('happened', 1);
    const text = await registry.metrics();
    expect(text).toContain('# TYPE nestjs_redis_streams_events counter');
    expect(text).toContain('nestjs_redis_streams_events_total{pattern="happened",code=""} 1\n');
    expect(text).toContain(
      'nestjs_redis_streams_event_duration_seconds_bucket{pattern="happened",le="+Inf"} 1\n',
    );
  });

  it('appears where @willsoto/nestjs-prometheus looks, without further ado', async () => {
    onTestFinished(instrumentRedisStreams());
    onTestFinished(() => register.clear());
    @Controller()
    class Nothing {}
    @Module({
      imports: [PrometheusModule.register({ defaultMetrics: { enabled: false } })],
      controllers: [Nothing],
    })
    class App {}
    const testing = await Test.createTestingModule({ imports: [App] }).compile();
    const app = closing(testing.createNestApplication({ logger: false }));
    await app.listen(0, '127.0.0.1');
    const service = new TestService();
    await service.serve({ messages: { works: () => 1 } });
    await (await service.connected()).call('works');
    const response = await fetch(`${await app.getUrl()}/metrics`);
    expect(samplesOf(await response.text())).toContainEqual({
      name: 'nestjs_redis_streams_calls_total',
      labels: { pattern: 'works', result: 'answered', code: '' },
      value: 1,
    });
  });

  it.each([
    [{ maxPatterns: 0 }, 'option "maxPatterns": expected a whole number from 1 to 100000'],
    [{ gauges: { interval: 10 } }, 'option "gauges.interval"'],
    [{ gauges: { url: 'nowhere' } }, 'url'],
  ])('refuses %j', (options, message) => {
    const registry = new Registry();
    expect(() => instrumentRedisStreams({ registry, ...options })).toThrow(message);
    expect(registry.getMetricsAsArray()).toEqual([]);
    expect(heard()).toEqual([]);
  });
});
