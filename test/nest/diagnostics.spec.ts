import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Logger } from '@nestjs/common';
import type { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { RetryLater } from 'nestjs-redis-streams';
import {
  CHANNEL_PREFIX,
  DIAGNOSTICS,
  type DiagnosticsMessages,
  type DiagnosticsName,
} from 'nestjs-redis-streams/diagnostics';
import { onTestFinished } from 'vitest';
import { eventually } from '../../tools/wait.js';
import { Gate } from '../support/gate.js';
import { Instance } from '../support/instance.js';
import { TestService } from '../support/test-service.js';

type Told<Name extends DiagnosticsName = DiagnosticsName> = {
  [N in Name]: { readonly name: N; readonly message: DiagnosticsMessages[N] };
}[Name];

/** What a client or server tells of these, in order. */
function heard<Name extends DiagnosticsName>(
  of: ClientRedisStreams | ServerRedisStreams,
  ...names: readonly Name[]
): Told<Name>[] {
  const told: Told<Name>[] = [];
  const listen = of as { on(name: string, told: (message: unknown) => void): void };
  for (const name of names) {
    listen.on(name, (message) => told.push({ name, message } as Told<Name>));
  }
  return told;
}

const entry = ['entry.read', 'entry.started', 'entry.ended'] as const;
const call = ['call.sent', 'call.stored', 'call.answered', 'call.ended'] as const;

describe('what a client tells', () => {
  it('a call: sent, stored, answered, ended, with the same id as at the service', async () => {
    const service = new TestService();
    const gate = new Gate();
    const server = await service.serve({
      messages: { work: async (n: number) => (await gate.opened, n + 1) },
    });
    const client = await service.connected();
    const told = heard(client, ...call);
    const served = heard(server, ...entry);
    const result = client.call('work', 1);
    await eventually(() => expect(told.map(({ name }) => name)).toContain('call.stored'));
    gate.open();
    expect(await result).toBe(2);
    expect(told.map(({ name }) => name)).toEqual(call);
    const [sent, stored, answered, ended] = told.map(({ message }) => message);
    const { callId } = sent as DiagnosticsMessages['call.sent'];
    const source = { role: 'client', prefix: service.prefix, group: undefined };
    expect(sent).toMatchObject({ pattern: 'work', callId, size: 1, source });
    expect(stored).toMatchObject({ callId, entry: expect.stringMatching(/^\d+-\d+$/) });
    expect(answered).toMatchObject({ callId, deliveryCount: 1 });
    expect(ended).toMatchObject({ callId, result: 'answered', code: undefined, replies: 1 });
    expect((ended as DiagnosticsMessages['call.ended']).took).toBeGreaterThan(0);
    await eventually(() => expect(served.map(({ name }) => name)).toEqual(entry));
    expect(served.map(({ message }) => message.callId)).toEqual([callId, callId, callId]);
    expect(sent?.source).toBe(ended?.source);
  });

  it.each([
    ['what the handler threw', {}, 'fails', { result: 'failed', code: undefined }],
    [
      'a deadline',
      { timeout: 1500 },
      'hangs',
      { result: 'refused', code: 'TIMEOUT', outcome: 'may-have-run' },
    ],
    [
      'nobody serves it',
      {},
      'unserved',
      { result: 'refused', code: 'NO_CONSUMER', outcome: 'not-run' },
    ],
  ])('the end of a call: %s', async (_, options, pattern, end) => {
    const service = new TestService();
    const fails = () => {
      throw new Error('no');
    };
    const hangs = () => new Promise(() => undefined);
    await service.serve({ messages: { fails, hangs } }, { drainTimeout: 0 });
    const client = await service.connected({ whenNoConsumer: 'fail' });
    const told = heard(client, 'call.ended');
    await client.failure(pattern, {}, options);
    expect(told.map(({ message }) => message)).toMatchObject([{ ...end, pattern }]);
  });

  it('a call that the application cancels, and one after close()', async () => {
    const service = new TestService();
    const hangs = () => new Promise(() => undefined);
    await service.serve({ messages: { hangs } }, { drainTimeout: 0 });
    const client = await service.connected();
    const told = heard(client, 'call.ended');
    client.send('hangs', 1).subscribe().unsubscribe();
    expect(told.map(({ message }) => message)).toMatchObject([
      { result: 'refused', code: 'CANCELLED' },
    ]);
    const failure = client.failure('hangs');
    await client.close();
    await failure;
    expect(told.map(({ message }) => message.code)).toEqual(['CANCELLED', 'CLOSED']);
  });

  it('events: sent, and stored or not', async () => {
    const service = new TestService();
    const client = await service.connected();
    const told = heard(client, 'event.sent', 'event.ended');
    await client.tell('happened', 1);
    expect(told.map(({ name }) => name)).toEqual(['event.sent', 'event.ended']);
    expect(told[1]?.message).toMatchObject({ pattern: 'happened', code: undefined });
  });
});

describe('what a server tells', () => {
  it('an entry: how long it was in the stream, waited and ran', async () => {
    const service = new TestService();
    const client = await service.connected({ whenNoConsumer: 'wait' });
    const gate = new Gate();
    const first = client.call('work', 1);
    await eventually(async () => expect(await service.length('work')).toBe(1));
    const server = service.server(
      { messages: { work: async () => (await gate.opened, 1) } },
      { concurrency: 1 },
    );
    const told = heard(server, ...entry);
    await new Promise<void>((resolve) => void server.listen(() => resolve()));
    const second = client.call('work', 2);
    await eventually(() => expect(told.map(({ name }) => name)).toContain('entry.started'));
    gate.open();
    await Promise.all([first, second]);
    await eventually(() =>
      expect(told.filter(({ name }) => name === 'entry.ended')).toHaveLength(2),
    );
    const ends = told.filter((one): one is Told<'entry.ended'> => one.name === 'entry.ended');
    for (const { message } of ends) {
      expect(message).toMatchObject({ pattern: 'work', stream: 'work', result: 'answered' });
      expect(message).toMatchObject({ deliveries: 1, attempts: 0, code: undefined });
      expect(message.waited).toBeGreaterThanOrEqual(0);
    }
    expect(ends[0]?.message.ran).toBeGreaterThan(0);
    const read = told.find((one): one is Told<'entry.read'> => one.name === 'entry.read');
    expect(read?.message.inStream).toBeGreaterThan(0);
    const { source } = ends[0]!.message;
    expect(source).toMatchObject({ role: 'server', group: 'service', prefix: service.prefix });
  });

  it('events that are handled, retries with what was thrown, and dead letters', async () => {
    const service = new TestService();
    const again = { retry: { attempts: 2, delay: 5, jitter: 0 } };
    const bad = new Error('bad');
    const server = await service.serve(
      {
        events: { happened: () => undefined },
        messages: {
          later: [
            (_: unknown, context: { getFailedAttempts(): number }) => {
              if (context.getFailedAttempts() === 0) throw new RetryLater(5);
              return 'done';
            },
            {},
          ],
          bad: [
            () => {
              throw bad;
            },
            again,
          ],
        },
      },
      {},
    );
    const told = heard(server, 'entry.ended', 'entry.retried', 'entry.dead');
    const client = await service.connected();
    await client.tell('happened', 1);
    const of = (pattern: string) =>
      told
        .filter(({ message }) => message.pattern === pattern)
        .map(({ name, message }) => ('result' in message ? message.result : name));
    await eventually(() => expect(of('happened')).toEqual(['handled']));
    expect(await client.call('later')).toBe('done');
    await eventually(() => expect(of('later')).toEqual(['entry.retried', 'retried', 'answered']));
    await client.failure('bad');
    await eventually(() =>
      expect(of('bad')).toEqual(['entry.retried', 'retried', 'dead', 'entry.dead']),
    );
    const retried = told.filter(
      (one): one is Told<'entry.retried'> => one.name === 'entry.retried',
    );
    expect(retried.map(({ message }) => [message.pattern, message.error])).toEqual([
      ['later', undefined],
      ['bad', bad],
    ]);
    const dead = told.find((one): one is Told<'entry.dead'> => one.name === 'entry.dead');
    expect(dead?.message).toMatchObject({ reason: 'attempts', letter: expect.any(String) });
  });

  it('a handler that is told to stop, and the fault that its caller got', async () => {
    const service = new TestService();
    const server = await service.serve({
      messages: {
        hangs: (_: unknown, context: { signal: AbortSignal }) =>
          new Promise((_resolve, reject) => {
            context.signal.addEventListener('abort', () => reject(context.signal.reason));
          }),
      },
    });
    const told = heard(server, 'entry.aborted', 'entry.ended');
    const client = await service.connected();
    await client.failure('hangs', {}, { timeout: 1500 });
    await eventually(() => expect(told.length).toBeGreaterThanOrEqual(2));
    expect(told[0]).toMatchObject({ name: 'entry.aborted' });
    expect(['deadline', 'cancelled']).toContain((told[0] as Told<'entry.aborted'>).message.reason);
  });

  it('a request without a handler', async () => {
    const service = new TestService();
    const lanes = { lane: ['other', 'work'] };
    const server = await service.serve({ messages: { other: () => undefined } }, { lanes });
    const told = heard(server, 'entry.ended');
    const client = await service.connected({ whenNoConsumer: 'wait', lanes });
    await client.failure('work', {}, { timeout: 2000 });
    await eventually(() =>
      expect(told.map(({ message }) => message)).toMatchObject([
        { result: 'refused', code: 'NO_HANDLER' },
      ]),
    );
  });

  it('a request that another group answers is left to it', async () => {
    const service = new TestService();
    const other = await service.serve({ events: { work: () => undefined } }, { group: 'other' });
    const told = heard(other, 'entry.ended');
    await service.serve({ messages: { work: () => 'done' } });
    const client = await service.connected();
    expect(await client.call('work')).toBe('done');
    await eventually(() =>
      expect(told.map(({ message }) => message)).toMatchObject([
        { result: 'left', code: undefined },
      ]),
    );
  });

  it('a take-over: from whom, how many, how old', async () => {
    const service = new TestService();
    const options = { ...service.address, group: 'service', leaseTtl: 1000 };
    const victim = await Instance.start(options);
    const client = await service.connected();
    await client.tell('happened', { key: 'event', hold: true });
    await eventually(() => expect(victim.of('started')).toHaveLength(1));
    const { consumer } = victim.of('started')[0]!;
    const server = service.server({ events: { happened: () => undefined } }, options);
    const told = heard(server, 'entries.taken-over', 'entry.ended');
    await new Promise<void>((resolve) => void server.listen(() => resolve()));
    await victim.kill();
    await eventually(() => expect(told).toHaveLength(2), 10_000);
    const [taken, ended] = told;
    expect(taken?.message).toMatchObject({ stream: 'happened', from: consumer, entries: 1 });
    expect((taken as Told<'entries.taken-over'>).message.oldest).toBeGreaterThan(0);
    expect(ended?.message).toMatchObject({ result: 'handled', deliveries: 2 });
  });

  it('a name that it lost, a group that was lost and is there again', async () => {
    const service = new TestService();
    const server = await service.serve({ messages: { work: () => 'done' } }, { leaseTtl: 1000 });
    const told = heard(server, 'lease.lost', 'group.lost', 'group.healed');
    await service.redis.xgroup('DESTROY', service.keys.stream('work'), 'service');
    const client = await service.connected({ whenNoConsumer: 'wait' });
    expect(await client.call('work')).toBe('done');
    const group = { stream: 'work', group: 'service' };
    await eventually(() =>
      expect(told).toMatchObject([
        { name: 'group.lost', message: { ...group, reason: expect.any(String) } },
        { name: 'group.healed', message: { ...group, reason: undefined } },
      ]),
    );
  });

  it('that it drains, and what it leaves', async () => {
    const service = new TestService();
    const server = await service.serve(
      { events: { happened: () => new Promise(() => undefined) } },
      { drainTimeout: 50 },
    );
    const told = heard(server, 'draining', 'entry.started', 'entry.ended');
    const client = await service.connected();
    await client.tell('happened', 1);
    await eventually(() => expect(told).toHaveLength(1));
    await server.close();
    expect(told).toMatchObject([
      { name: 'entry.started' },
      { name: 'draining', message: { running: 1, unstarted: 0 } },
      { name: 'entry.ended', message: { result: 'left' } },
    ]);
  });
});

describe('listening', () => {
  it('connections are told by both names', async () => {
    const service = new TestService();
    const client = service.client();
    const told = heard(client, 'connection.made');
    const ready: string[] = [];
    client.on('ready', (role) => ready.push(role));
    await client.connect();
    await eventually(() => expect(ready).toEqual(['commands']));
    expect(told.map(({ message }) => message.connection)).toEqual(['commands']);
  });

  it('channels of node:diagnostics_channel tell the same of all clients and servers', async () => {
    const service = new TestService();
    const told: string[] = [];
    const note = (message: unknown, name: string | symbol): void => {
      const { source } = message as { source: { role: string; prefix: string } };
      if (source.prefix === service.prefix) told.push(`${source.role} ${String(name)}`);
    };
    for (const name of DIAGNOSTICS) subscribe(CHANNEL_PREFIX + name, note);
    onTestFinished(() => DIAGNOSTICS.forEach((name) => unsubscribe(CHANNEL_PREFIX + name, note)));
    await service.serve({ messages: { work: () => 1 } });
    const client = await service.connected();
    await client.call('work');
    const wanted = [
      ...call.map((name) => `client nestjs-redis-streams:${name}`),
      ...entry.map((name) => `server nestjs-redis-streams:${name}`),
    ];
    await eventually(() => expect(told).toEqual(expect.arrayContaining(wanted)));
  });

  it('what a listener throws is logged, and changes nothing', async () => {
    const service = new TestService();
    const lines: string[] = [];
    Logger.overrideLogger({
      ...{ log() {}, warn() {} },
      error: (line: string) => void lines.push(line),
    });
    onTestFinished(() => Logger.overrideLogger(false));
    await service.serve({ messages: { work: () => 1 } });
    const client = await service.connected();
    client.on('call.sent', () => {
      throw new Error('at once');
    });
    const later: () => unknown = () => Promise.reject(new Error('later'));
    client.on('call.ended', later);
    expect(await client.call('work')).toBe(1);
    await eventually(() => expect(lines.join('\n')).toMatch(/at once[^]*later/));
  });

  it('a name that is not there is refused, with those that are', () => {
    const service = new TestService();
    const wrong = (of: { on(name: string, told: () => void): void }, name: string) => () =>
      of.on(name, () => undefined);
    expect(wrong(service.client() as never, 'entry.read')).toThrow(
      /no event entry.read.*call.sent/,
    );
    expect(wrong(service.strategy() as never, 'call.sent')).toThrow(
      /no event call.sent.*entry.read/,
    );
    expect(wrong(service.strategy() as never, 'toString')).toThrow(TypeError);
  });
});
