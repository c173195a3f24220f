import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type RedisStreamsContext } from 'nestjs-redis-streams';
import { traceRedisStreams } from 'nestjs-redis-streams/opentelemetry';
import { firstValueFrom } from 'rxjs';
import { listening, TestService } from '../support/test-service.js';
import { Traces } from '../support/traces.js';

const OK = { code: SpanStatusCode.UNSET };

describe('a call', () => {
  it('is a span of its caller, and each run a child of it', async () => {
    const traces = new Traces();
    const service = new TestService();
    const seen: (string | undefined)[] = [];
    await service.serve({
      messages: {
        sum: (_: unknown, ctx: RedisStreamsContext) => {
          seen.push(trace.getActiveSpan()?.spanContext().spanId, ctx.getCallId());
          return 3;
        },
      },
    });
    const client = await service.connected();
    expect(await client.call('sum', [1, 2])).toBe(3);
    const sent = await traces.one('send sum');
    const run = await traces.one('process sum');
    const [active, callId] = seen;
    const common = {
      'messaging.system.name': 'redis_streams',
      'messaging.destination.name': 'sum',
      'messaging.message.conversation_id': callId,
    };
    expect(sent).toMatchObject({
      kind: SpanKind.PRODUCER,
      status: OK,
      parentSpanContext: undefined,
    });
    expect(sent.attributes).toMatchObject({
      ...common,
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'redis_streams.replies': 1,
      'redis_streams.deliveries': 1,
      'redis_streams.instance': run.attributes['messaging.client.id'],
    });
    expect(run).toMatchObject({ kind: SpanKind.CONSUMER, status: OK, links: [] });
    expect(run.parentSpanContext?.spanId).toBe(sent.spanContext().spanId);
    expect(run.spanContext()).toMatchObject({
      traceId: sent.spanContext().traceId,
      spanId: active,
    });
    expect(run.attributes).toMatchObject({
      ...common,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': 'service',
      'messaging.message.id': expect.stringMatching(/^\d+-\d+/),
      'redis_streams.result': 'answered',
    });
    expect(run.events.map(({ name }) => name)).toEqual(['settle']);
  });

  it('has the context of its run in the headers of the reply', async () => {
    const traces = new Traces();
    const service = new TestService();
    const answer = (_: unknown, ctx: RedisStreamsContext) => {
      ctx.setReplyHeaders({ own: '1' });
      return 'done';
    };
    await service.serve({ messages: { plain: () => 'done', own: answer } });
    const client = await service.connected();
    for (const [pattern, own] of [
      ['plain', {}],
      ['own', { own: '1' }],
    ] as const) {
      const { headers } = await firstValueFrom(client.sendWithMeta(pattern, {}));
      const { traceId, spanId } = (await traces.one(`process ${pattern}`)).spanContext();
      expect(headers).toEqual({ traceparent: `00-${traceId}-${spanId}-01`, ...own });
    }
  });

  it('in a handler is a child of the run, and baggage reaches all that follows', async () => {
    const traces = new Traces();
    const service = new TestService();
    const nested = await service.connected();
    const seen = () => propagation.getActiveBaggage()?.getEntry('tenant')?.value;
    await service.serve({
      messages: {
        outer: async () => [seen(), await nested.call('inner')],
        inner: () => seen(),
      },
    });
    const client = await service.connected();
    const baggage = propagation.createBaggage({ tenant: { value: 'acme' } });
    const within = propagation.setBaggage(context.active(), baggage);
    expect(await context.with(within, () => client.call('outer'))).toEqual(['acme', 'acme']);
    const outer = await traces.one('process outer');
    const send = await traces.one('send inner');
    const inner = await traces.one('process inner');
    expect(send.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
    expect(inner.parentSpanContext?.spanId).toBe(send.spanContext().spanId);
    expect(new Set(traces.spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  it('is a child of the span that is active where it is subscribed to', async () => {
    const traces = new Traces();
    const service = new TestService();
    await service.serve({ messages: { work: () => 1 } });
    const client = await service.connected();
    const tracer = trace.getTracer('test');
    const after = await tracer.startActiveSpan('request', async (span) => {
      await client.call('work');
      span.end();
      return trace.getActiveSpan();
    });
    const request = await traces.one('request');
    expect((await traces.one('send work')).parentSpanContext?.spanId).toBe(
      request.spanContext().spanId,
    );
    expect(after?.spanContext().spanId).toBe(request.spanContext().spanId);
  });
});

describe('an event', () => {
  it('is a span until it is stored, and each run a child of it', async () => {
    const traces = new Traces();
    const service = new TestService();
    await service.serve({ events: { happened: () => undefined } });
    const client = await service.connected();
    await client.tell('happened', { a: 1 });
    const sent = await traces.one('emit happened');
    const run = await traces.one('process happened');
    expect(sent).toMatchObject({ kind: SpanKind.PRODUCER, status: OK });
    expect(sent.attributes).toMatchObject({
      'messaging.operation.name': 'emit',
      'messaging.operation.type': 'send',
    });
    expect(run.parentSpanContext?.spanId).toBe(sent.spanContext().spanId);
    expect(run.attributes['redis_streams.result']).toBe('handled');
  });

  it('that cannot be stored fails its span', async () => {
    const traces = new Traces();
    const service = new TestService();
    const client = await service.connected();
    const loop: object[] = [];
    loop.push(loop);
    await expect(client.tell('happened', loop)).rejects.toThrow('serialized');
    await expect(client.tell('', {})).rejects.toThrow('pattern');
    const sent = await traces.one('emit happened');
    expect(sent.status.code).toBe(SpanStatusCode.ERROR);
    expect(sent.attributes['error.type']).toBe('INVALID_MESSAGE');
    expect(traces.spans).toHaveLength(1);
  });
});

describe('switching on', () => {
  it('traces clients and servers that were made before, and ends when it is told to', async () => {
    const service = new TestService();
    await service.serve({ messages: { work: () => 1 } });
    const client = await service.connected();
    await client.call('work');
    const traces = new Traces();
    await client.call('work');
    await traces.one('send work');
    await traces.one('process work');
    traces.stop();
    await client.call('work');
    expect(traces.spans).toHaveLength(2);
  });

  it('again replaces the options; the first cannot end the second', async () => {
    const traces = new Traces();
    const stop = traceRedisStreams({ valueEvents: 0 });
    traces.stop();
    const service = new TestService();
    await service.serve({
      messages: {
        count: async function* () {
          yield* [1, 2, 3];
        },
      },
    });
    const client = await service.connected();
    await client.values('count');
    expect((await traces.one('send count')).events).toEqual([]);
    stop();
  });

  it.each([-1, 1.5, 1001, Number.NaN])('refuses %d events', (valueEvents) => {
    expect(() => traceRedisStreams({ valueEvents })).toThrow(RangeError);
  });

  it.each([-0.1, 1.1, Number.NaN, '1', null])('refuses %j as rootShare', (rootShare) => {
    expect(() => traceRedisStreams({ rootShare: rootShare as never })).toThrow(RangeError);
  });

  it.each(['no', 0, null])('refuses %j as unsampledHeaders', (unsampledHeaders) => {
    const options = { unsampledHeaders: unsampledHeaders as never };
    expect(() => traceRedisStreams(options)).toThrow(TypeError);
  });
});

describe("the application's own hooks", () => {
  it('see the context of the call, and their metadata stays', async () => {
    const traces = new Traces();
    const service = new TestService();
    const metadata: unknown[] = [];
    const server = service.server({
      messages: {
        work: (_: unknown, ctx: RedisStreamsContext) => metadata.push(ctx.getMetadata()),
      },
    });
    const active: (string | undefined)[] = [];
    server.setOnProcessingStartHook((_, __, done) => {
      active.push(trace.getActiveSpan()?.spanContext().spanId);
      void done();
    });
    await listening(server);
    const client = await service.connected({ headers: { always: '1' } });
    client.setOnDispatchHook((packet) => {
      packet.metadata = Object.freeze({ mine: '2' });
    });
    await client.call('work', {}, { headers: { own: '3' } });
    const run = await traces.one('process work');
    const sent = (await traces.one('send work')).spanContext();
    expect(active).toEqual([run.spanContext().spanId]);
    const traceparent = `00-${sent.traceId}-${sent.spanId}-01`;
    expect(metadata).toEqual([{ always: '1', mine: '2', own: '3', traceparent }]);
  });

  it.each(['hook', 'record'])('a trace that a %s names is not changed', async (where) => {
    const traces = new Traces();
    const service = new TestService();
    await service.serve({ messages: { work: () => 1 } });
    const client = await service.connected();
    const [traceId, spanId] = ['a'.repeat(32), 'b'.repeat(16)];
    const headers = { traceparent: `00-${traceId}-${spanId}-01` };
    if (where === 'hook') client.setOnDispatchHook((packet) => (packet.metadata = headers));
    await client.call('work', {}, where === 'record' ? { headers } : undefined);
    const run = await traces.one('process work');
    expect(run.parentSpanContext).toMatchObject({ traceId, spanId });
  });
});
