import { SpanStatusCode } from '@opentelemetry/api';
import { DeadLetter, type RedisStreamsContext, RetryLater } from 'nestjs-redis-streams';
import { eventually } from '../../tools/wait.js';
import { Gate } from '../support/gate.js';
import { listening, TestService } from '../support/test-service.js';
import { eventsOf, Traces } from '../support/traces.js';

const ERROR = SpanStatusCode.ERROR;
const result = 'redis_streams.result';
const retry = { attempts: 3, delay: 10, maxDelay: 10 };

class Unavailable extends Error {}

describe('a handler that throws', () => {
  it('fails both spans; the run has the stack', async () => {
    const traces = new Traces();
    const service = new TestService();
    const fail = () => {
      throw new Unavailable('down');
    };
    await service.serve({ messages: { fails: fail } });
    const client = await service.connected();
    await client.failure('fails');
    const sent = await traces.one('send fails');
    const run = await traces.one('process fails');
    expect(run.status).toEqual({ code: ERROR, message: 'down' });
    expect(run.attributes).toMatchObject({ 'error.type': 'Unavailable', [result]: 'failed' });
    expect(eventsOf(run)).toEqual(['exception', 'settle']);
    expect(run.events[0]?.attributes).toEqual({
      'exception.type': 'Unavailable',
      'exception.message': 'down',
      'exception.stacktrace': expect.stringContaining('ends.spec'),
    });
    expect(sent.status.code).toBe(ERROR);
    expect(sent.attributes['error.type']).toBe('_OTHER');
  });

  it('anything leaves a call and a trace as they should be', async () => {
    const traces = new Traces();
    const service = new TestService();
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const thrown = [undefined, null, '', proxy, 'x'.repeat(1_000_000), Object.create(null)];
    const fail = (index: number) => {
      throw thrown[index];
    };
    await service.serve({ messages: { fails: fail } });
    const client = await service.connected();
    for (const index of thrown.keys()) await client.failure('fails', index);
    const runs = await traces.all('process fails', thrown.length);
    for (const { attributes, status } of runs) {
      expect(attributes).toMatchObject({ 'error.type': '_OTHER', [result]: 'failed' });
      expect(status.message?.length ?? 0).toBeLessThanOrEqual(256);
    }
  });
});

describe('a call that the transport ends', () => {
  it('by a deadline has its code and what is known; the run was told to stop', async () => {
    const traces = new Traces();
    const service = new TestService();
    const [told, gate] = [new Gate(), new Gate()];
    const work = async (_: unknown, { signal }: RedisStreamsContext) => {
      signal.addEventListener('abort', () => told.open());
      await gate.opened;
    };
    await service.serve({ messages: { hangs: work } });
    const client = await service.connected();
    await client.failure('hangs', {}, { timeout: 1500 });
    await told.opened;
    gate.open();
    const sent = await traces.one('send hangs');
    expect(sent.status.code).toBe(ERROR);
    expect(sent.attributes).toMatchObject({
      'error.type': 'TIMEOUT',
      'redis_streams.outcome': 'may-have-run',
    });
    const run = await traces.one('process hangs');
    expect(run.events[0]).toMatchObject({
      name: 'abort',
      // Whichever clock is earlier: that of the service, or that of the caller, which cancels then.
      attributes: { 'redis_streams.reason': expect.stringMatching(/^(deadline|cancelled)$/) },
    });
  });

  it('before it was sent, too', async () => {
    const traces = new Traces();
    const service = new TestService();
    const client = await service.connected({ maxPayloadBytes: 1024 });
    await client.failure('work', 'x'.repeat(2000));
    await client.failure('unserved');
    const [large, unserved] = [await traces.one('send work'), await traces.one('send unserved')];
    expect(large.attributes['error.type']).toBe('PAYLOAD_TOO_LARGE');
    expect(unserved.attributes).toMatchObject({
      'error.type': 'NO_CONSUMER',
      'redis_streams.outcome': 'not-run',
    });
  });

  it('because its subscriber has gone is no error of the caller', async () => {
    const traces = new Traces();
    const service = new TestService();
    const gate = new Gate();
    const started = new Gate();
    const work = async (_: unknown, { signal }: RedisStreamsContext) => {
      signal.addEventListener('abort', () => gate.open());
      started.open();
      await gate.opened;
    };
    await service.serve({ messages: { work } });
    const client = await service.connected();
    const subscription = client.send('work', {}).subscribe();
    await started.opened;
    subscription.unsubscribe();
    const sent = await traces.one('send work');
    expect(sent.status.code).toBe(SpanStatusCode.UNSET);
    expect(eventsOf(sent)).toEqual(['cancel']);
    const run = await traces.one('process work');
    expect(eventsOf(run)[0]).toBe('abort');
  });
});

describe('further attempts', () => {
  it('are spans of their own, which link to the first', async () => {
    const traces = new Traces();
    const service = new TestService();
    const fail = () => {
      throw new Unavailable('down');
    };
    await service.serve({ events: { happened: fail } }, { retry });
    const client = await service.connected();
    await client.tell('happened');
    const [first, second, third] = await traces.all('process happened', 3);
    const sent = await traces.one('emit happened');
    expect([first, second, third].map((run) => run?.attributes[result])).toEqual([
      'retried',
      'retried',
      'dead',
    ]);
    for (const run of [first, second, third]) {
      expect(run?.parentSpanContext?.spanId).toBe(sent.spanContext().spanId);
      expect(run?.status.code).toBe(ERROR);
    }
    expect(first?.links).toEqual([]);
    for (const run of [second, third]) {
      expect(run?.links).toHaveLength(1);
      expect(run?.links[0]).toMatchObject({
        context: { traceId: first?.spanContext().traceId, spanId: first?.spanContext().spanId },
        attributes: { 'redis_streams.link': 'first_attempt' },
      });
    }
    expect(third?.attributes['redis_streams.failed_attempts']).toBe(2);
    expect(eventsOf(third as never)).toEqual(['exception', 'dead_letter', 'settle']);
    expect(third?.events[1]?.attributes).toEqual({
      'redis_streams.reason': 'attempts',
      'redis_streams.detail': 'down',
    });
  });

  it('that a handler asked for are no errors', async () => {
    const traces = new Traces();
    const service = new TestService();
    const work = (_: unknown, context: RedisStreamsContext) => {
      if (context.getFailedAttempts() === 0) throw new RetryLater(10);
      return 'done';
    };
    await service.serve({ messages: { work } });
    const client = await service.connected();
    expect(await client.call('work')).toBe('done');
    const [first, second] = await traces.all('process work', 2);
    expect(first).toMatchObject({ status: { code: SpanStatusCode.UNSET } });
    expect(first?.attributes[result]).toBe('retried');
    expect(second?.links[0]?.context.spanId).toBe(first?.spanContext().spanId);
  });

  it('run only the handlers that failed, although the notes name the first attempt', async () => {
    const traces = new Traces();
    const service = new TestService();
    const runs: string[] = [];
    const server = service.server({}, { retry });
    const handler = (name: string) => () => {
      runs.push(name);
      if (name === 'b' && runs.length < 5) throw new Error(name);
    };
    for (const name of ['a', 'b']) {
      server.addHandler('happened', async () => handler(name)(), true, {});
    }
    await listening(server);
    const client = await service.connected();
    await client.tell('happened');
    await traces.all('process happened', 3);
    expect(runs).toEqual(['a', 'b', 'b', 'b']);
  });

  it('link to the first also when another instance makes them', async () => {
    const traces = new Traces();
    const service = new TestService();
    const fail = () => {
      throw new RetryLater(1500);
    };
    const options = { leaseTtl: 1000 };
    const first = await service.serve({ messages: { work: fail } }, options);
    const client = await service.connected();
    const call = client.call('work');
    const [attempt] = await traces.all('process work', 1);
    await service.serve({ messages: { work: () => 'heir' } }, options);
    await first.close();
    expect(await call).toBe('heir');
    const [, second] = await traces.all('process work', 2);
    expect(second?.attributes).toMatchObject({
      'redis_streams.failed_attempts': 1,
      'redis_streams.deliveries': 2,
    });
    expect(second?.links[0]?.context.spanId).toBe(attempt?.spanContext().spanId);
  });
});

it('a dead letter of a call is told on both spans', async () => {
  const traces = new Traces();
  const service = new TestService();
  const give = () => {
    throw new DeadLetter('no such order', { cause: new Unavailable('down') });
  };
  await service.serve({ messages: { gives: give } });
  const client = await service.connected();
  await client.failure('gives');
  const run = await traces.one('process gives');
  expect(eventsOf(run)).toEqual(['exception', 'dead_letter', 'settle']);
  expect((await traces.one('send gives')).attributes['error.type']).toBe('DEAD_LETTERED');
});

describe('a streamed reply', () => {
  const count = async function* (n: number) {
    for (let i = 0; i < n; i++) {
      yield i;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it('is one span to its last value; values are events', async () => {
    const traces = new Traces({ valueEvents: 4 });
    const service = new TestService();
    await service.serve({ messages: { count } });
    const client = await service.connected();
    expect(await client.values('count', 10)).toHaveLength(10);
    const sent = await traces.one('send count');
    expect(eventsOf(sent)).toEqual(['value', 'value', 'value', 'value']);
    expect(sent.events.map(({ attributes }) => attributes?.['index'])).toEqual([0, 1, 2, 3]);
    expect(sent.attributes['redis_streams.replies']).toBeGreaterThanOrEqual(10);
    await traces.one('process count');
  });

  it('ends when its subscriber has enough', async () => {
    const traces = new Traces();
    const service = new TestService();
    await service.serve({ messages: { count } });
    const client = await service.connected();
    expect(await client.call('count', 100_000)).toBe(0);
    const sent = await traces.one('send count');
    expect(eventsOf(sent)).toEqual(['value', 'cancel']);
    await eventually(() => expect(traces.named('process count')).toHaveLength(1));
  });
});
