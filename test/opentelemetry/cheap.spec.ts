import { context, createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  ParentBasedSampler,
  type Sampler,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Logger } from '@nestjs/common';
import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { traceRedisStreams } from 'nestjs-redis-streams/opentelemetry';
import { onTestFinished, vi } from 'vitest';
import { getter } from '../../libs/redis-stream-transport/src/opentelemetry/carrier.js';
import { loadApi } from '../../libs/redis-stream-transport/src/opentelemetry/load-api.js';
import { originOf } from '../../libs/redis-stream-transport/src/opentelemetry/origin.js';
import { spanOnlyContexts } from '../../libs/redis-stream-transport/src/opentelemetry/span-only-context.js';
import { Gate } from '../support/gate.js';
import { TestService } from '../support/test-service.js';
import { register, Traces, unregister } from '../support/traces.js';

/** What a handler sees: the headers, and the span context that is active. */
const seen = (_: unknown, ctx: RedisStreamsContext) => ({
  headers: ctx.getMetadata(),
  active: trace.getActiveSpan()?.spanContext(),
});
interface Seen {
  readonly headers: Readonly<Record<string, string>>;
  readonly active?: { readonly traceId: string; readonly traceFlags: number };
}

it('what is not sampled has no spans, and nobody after it decides anew', async () => {
  const traces = new Traces({ sampler: new AlwaysOffSampler() });
  const service = new TestService();
  await service.serve({ messages: { seen }, events: { happened: seen } });
  const client = await service.connected();
  const { headers, active } = await client.call<Seen>('seen');
  expect(headers['traceparent']).toMatch(/-00$/);
  expect(active?.traceFlags).toBe(0);
  expect(headers['traceparent']).toContain(active?.traceId);
  await client.tell('happened');
  expect(traces.spans).toEqual([]);
});

describe('without headers of what is not sampled', () => {
  /** Samples the first, and no more. */
  const first = (): Sampler => {
    let left = 1;
    const decision = () => (left-- > 0 ? 2 : 0);
    return { shouldSample: () => ({ decision: decision() }), toString: () => 'first' };
  };

  it('such messages have none, their handlers are in a trace that nobody records, and what is sampled is one trace', async () => {
    const sampler = new ParentBasedSampler({ root: first() });
    const traces = new Traces({ sampler, unsampledHeaders: false });
    const service = new TestService();
    await service.serve({ messages: { seen }, events: { happened: seen } });
    const client = await service.connected();
    const sampled = await client.call<Seen>('seen');
    expect(sampled.headers['traceparent']).toMatch(/-01$/);
    for (const _ of [1, 2]) {
      const { headers, active } = await client.call<Seen>('seen');
      expect(headers).toEqual({});
      expect(active).toMatchObject({ traceFlags: 0 });
    }
    await client.tell('happened');
    await traces.one('process seen');
    const [sent] = traces.named('send seen');
    expect(traces.spans).toHaveLength(2);
    expect((await traces.one('process seen')).parentSpanContext?.spanId).toBe(
      sent?.spanContext().spanId,
    );
  });

  it('a baggage travels all the same, and comes with its trace', async () => {
    const traces = new Traces({ sampler: new AlwaysOffSampler(), unsampledHeaders: false });
    const service = new TestService();
    const bag = () => propagation.getActiveBaggage()?.getEntry('tenant')?.value;
    await service.serve({ messages: { bag } });
    const client = await service.connected();
    const within = propagation.setBaggage(
      context.active(),
      propagation.createBaggage({ tenant: { value: 'acme' } }),
    );
    expect(await context.with(within, () => client.call('bag'))).toBe('acme');
    // Of a sender that traces nothing.
    expect(await client.call('bag', {}, { headers: { baggage: 'tenant=other' } })).toBe('other');
    expect(traces.spans).toEqual([]);
  });
});

describe('a share of the roots', () => {
  /** A sampler that counts how often it is asked. */
  const counting = () => {
    let asked = 0;
    const sampler: Sampler = {
      shouldSample: () => ({ decision: (asked++, 2) }),
      toString: () => 'counting',
    };
    return { sampler, asked: () => asked };
  };

  it.each([true, false])(
    'of 0: no sampler is asked about messages in no trace; with headers %s their handlers are not sampled',
    async (unsampledHeaders) => {
      const { sampler, asked } = counting();
      const traces = new Traces({ sampler, unsampledHeaders, rootShare: 0 });
      const service = new TestService();
      await service.serve({ messages: { seen }, events: { happened: seen } });
      const client = await service.connected();
      const { headers, active } = await client.call<Seen>('seen');
      if (unsampledHeaders) expect(headers['traceparent']).toMatch(/-00$/);
      else expect(headers).toEqual({});
      expect(active).toMatchObject({ traceFlags: 0 });
      await client.tell('happened');
      expect(asked()).toBe(0);
      // What is in a trace goes on with it.
      const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
      await client.call('seen', {}, { headers: { traceparent } });
      expect((await traces.one('process seen')).spanContext().traceId).toBe('a'.repeat(32));
      expect(traces.spans).toHaveLength(1);
    },
  );

  it('of 0: runs of messages in no trace begin in their context, and enter it once for all', async () => {
    const traces = new Traces({ rootShare: 0, unsampledHeaders: false });
    const service = new TestService();
    const work = (_: unknown, ctx: RedisStreamsContext) => ({
      ...seen(_, ctx),
      inner: trace.getTracer('inner').startSpan('inner').isRecording(),
    });
    await service.serve({ messages: { work } });
    const client = await service.connected();
    const { active } = await client.call<Seen>('work');
    const entered = vi.spyOn(context, 'with');
    onTestFinished(() => entered.mockRestore());
    for (const _ of [1, 2, 3]) {
      expect(await client.call('work')).toEqual({ headers: {}, active, inner: false });
    }
    expect(entered).not.toHaveBeenCalled();
    expect(active).toMatchObject({ traceFlags: 0 });
    expect(traces.spans).toEqual([]);
  });

  it('of 0: a context manager that is registered later counts', async () => {
    onTestFinished(traceRedisStreams({ rootShare: 0, unsampledHeaders: false }));
    const service = new TestService();
    await service.serve({ messages: { seen } });
    const client = await service.connected();
    expect(await client.call<Seen>('seen')).toEqual({ headers: {} });
    const provider = new BasicTracerProvider();
    register(provider);
    onTestFinished(unregister);
    expect((await client.call<Seen>('seen')).active).toMatchObject({ traceFlags: 0 });
  });

  it('of a half: about half of them begin a trace, and each is whole', async () => {
    const { sampler, asked } = counting();
    const traces = new Traces({
      sampler: new ParentBasedSampler({ root: sampler }),
      rootShare: 0.5,
    });
    const service = new TestService();
    await service.serve({ messages: { seen } });
    const client = await service.connected();
    await client.sendMany(
      'seen',
      Array.from({ length: 400 }, () => ({})),
    );
    // Ten standard deviations.
    expect(asked()).toBeGreaterThan(100);
    expect(asked()).toBeLessThan(300);
    await traces.all('process seen', asked());
    await traces.all('send seen', asked());
  });

  it('of 0: messages of a sender that traces nothing are not traced either', async () => {
    const { sampler, asked } = counting();
    const service = new TestService();
    const free = new Gate();
    const held = new Gate();
    const hold = async () => {
      held.open();
      await free.opened;
      return true;
    };
    await service.serve({ messages: { hold, seen } }, { concurrency: 1 });
    const client = await service.connected();
    const first = client.call('hold');
    await held.opened;
    const stored = new Gate();
    const second = client.call<Seen>('seen', {}, { onStored: () => stored.open() });
    await stored.opened;
    const traces = new Traces({ sampler, rootShare: 0 });
    free.open();
    await first;
    const { headers, active } = await second;
    expect(headers).toEqual({});
    expect(active).toMatchObject({ traceFlags: 0 });
    expect(asked()).toBe(0);
    expect(traces.spans).toEqual([]);
  });
});

it('a context that holds a span alone is as one of the API', () => {
  const contextOf = spanOnlyContexts({ trace, ROOT_CONTEXT });
  const span = trace.wrapSpanContext({
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    traceFlags: 1,
  });
  const other = trace.wrapSpanContext({
    traceId: 'c'.repeat(32),
    spanId: 'd'.repeat(16),
    traceFlags: 0,
  });
  const key = createContextKey('mine');
  const made = contextOf(span);
  expect(trace.getSpan(made)).toBe(span);
  expect(made.getValue(key)).toBeUndefined();
  const both = made.setValue(key, 1);
  expect([trace.getSpan(both), both.getValue(key)]).toEqual([span, 1]);
  expect(trace.getSpan(trace.setSpan(made, other))).toBe(other);
  expect(trace.getSpan(made)).toBe(span);
  expect(trace.getSpan(trace.deleteSpan(made))).toBeUndefined();
  expect(trace.getSpan(made.deleteValue(key))).toBe(span);
});

it('without an SDK nothing is added', async () => {
  onTestFinished(traceRedisStreams());
  const service = new TestService();
  await service.serve({ messages: { seen } });
  const client = await service.connected();
  expect(await client.call<Seen>('seen')).toEqual({ headers: {} });
});

describe('what an application plugs in', () => {
  it.each<[string, { sampler?: Sampler; processor?: SpanProcessor }]>([
    ['a sampler', { sampler: { shouldSample: broken, toString: () => 'broken' } }],
    ['a processor at the start', { processor: processor({ onStart: broken }) }],
    ['a processor at the end', { processor: processor({ onEnd: broken }) }],
  ])('%s that throws ends no call', async (_, parts) => {
    const traces = new Traces(parts);
    const service = new TestService();
    await service.serve({ messages: { work: () => 1 }, events: { happened: () => 1 } });
    const client = await service.connected();
    expect(await client.call('work')).toBe(1);
    await client.tell('happened');
    traces.stop();
  });
});

describe('a context manager that throws', () => {
  const late = (_: unknown, begin: () => void): never => {
    begin();
    return broken();
  };

  it.each([
    ['at once, where nothing is traced', { rootShare: 0, unsampledHeaders: false }, broken],
    ['at once', {}, broken],
    ['at the end', {}, late],
  ])('%s: each call runs once and is answered', async (_, options, broke) => {
    const traces = new Traces(options);
    const service = new TestService();
    let runs = 0;
    await service.serve({ messages: { work: () => ++runs } }, { concurrency: 1 });
    const client = await service.connected();
    const entered = vi.spyOn(context, 'with').mockImplementation(broke as never);
    onTestFinished(() => entered.mockRestore());
    // The second call needs the only slot.
    expect([await client.call('work'), await client.call('work')]).toEqual([1, 2]);
    expect(entered).toHaveBeenCalled();
    traces.stop();
  });
});

describe('headers of strangers', () => {
  const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  it.each<[string, Record<string, string>]>([
    ['a long traceparent', { traceparent: parent + 'x'.repeat(15_000) }],
    ['a binary one', { traceparent: '\u0000\u001b[31m\ud800\uffff'.repeat(100) }],
    ['zeros', { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` }],
    ['another version', { traceparent: `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }],
    ['a long tracestate', { traceparent: parent, tracestate: 'a=1,'.repeat(3700) }],
    ['a long baggage', { traceparent: parent, baggage: 'a=1,'.repeat(3700) }],
    ['a strange baggage', { traceparent: parent, baggage: '%=%%,;;=,\u0000=\u0000,__proto__=1' }],
  ])('%s: the call runs', async (_, headers) => {
    const traces = new Traces();
    const service = new TestService();
    await service.serve({ messages: { seen } });
    const client = await service.connected();
    traces.stop();
    const begun = performance.now();
    onTestFinished(traceRedisStreams());
    const { headers: arrived } = await client.call<Seen>('seen', {}, { headers });
    expect(arrived).toEqual(headers);
    expect(performance.now() - begun).toBeLessThan(5000);
    await traces.one('process seen');
  });

  it('of a megabyte are not looked at', () => {
    expect(getter.get({ traceparent: 'x'.repeat(1_048_576) }, 'traceparent')).toBeUndefined();
    expect(getter.get({}, '__proto__')).toBeUndefined();
    expect(getter.get({ traceparent: 7 } as never, 'traceparent')).toBeUndefined();
  });

  it('in notes of attempts name no span', () => {
    const wrong = [
      parent.replace('-b', 'xb'),
      parent.replace('a', '-'),
      parent.replace('00-', '01-'),
    ];
    for (const text of [
      ...wrong,
      '',
      '1',
      'x'.repeat(1_048_576),
      `${parent} `,
      parent.toUpperCase(),
    ]) {
      expect(originOf(text)).toBeUndefined();
    }
    expect(originOf(parent)).toMatchObject({ traceFlags: 1, isRemote: true });
  });
});

describe('a call has room for', () => {
  const within = (bytes: number) => {
    const baggage = propagation.createBaggage({ much: { value: 'x'.repeat(bytes) } });
    return propagation.setBaggage(context.active(), baggage);
  };

  it('headers of the application first; a baggage that does not fit stays', async () => {
    const traces = new Traces();
    const service = new TestService();
    await service.serve({ messages: { seen } });
    const client = await service.connected();
    const headers = { own: 'x'.repeat(14_000) };
    const got = await context.with(within(4000), () => client.call<Seen>('seen', {}, { headers }));
    expect(Object.keys(got.headers).toSorted()).toEqual(['own', 'traceparent']);
    const full = { own: 'x'.repeat(16_300) };
    const last = await client.call<Seen>('seen', {}, { headers: full });
    expect(Object.keys(last.headers)).toEqual(['own']);
    await traces.all('process seen', 2);
  });

  it('reply headers of the handler first', async () => {
    const traces = new Traces();
    const service = new TestService();
    const work = (length: number, ctx: RedisStreamsContext) => {
      ctx.setReplyHeaders({ own: 'x'.repeat(length) });
      return 1;
    };
    await service.serve({ messages: { work } });
    const client = await service.connected();
    expect(await client.call('work', 16_350)).toBe(1);
    expect(await context.with(within(4000), () => client.call('work', 1))).toBe(1);
    await traces.all('process work', 2);
  });
});

it('without the package it says so in one line, and nothing else happens', () => {
  const missing = loadApi(() => {
    throw new Error("Cannot find module '@opentelemetry/api'\nRequire stack: …");
  });
  expect(missing).toBe(
    'traces need the package @opentelemetry/api, which is not installed: npm install @opentelemetry/api',
  );
});

function broken(): never {
  throw new Error('broken');
}

function processor(parts: Partial<SpanProcessor>): SpanProcessor {
  return {
    onStart: () => undefined,
    onEnd: () => undefined,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
    ...parts,
  };
}

Logger.overrideLogger(false);
