import type { Redis } from 'ioredis';
import { Forked } from '../../../tools/forked.js';
import { cutMidFrame } from '../../../tools/tcp-proxy/modes.js';
import type { Role } from '../../../tools/tcp-proxy/passage.js';
import { RateLimitedLogger } from '../../../libs/redis-stream-transport/src/engine/rate-limited-logger.js';
import { eventually } from '../../../tools/wait.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { builtLibrary, program } from '../../support/built-library.js';
import { startPrivateRedis } from '../../support/redis-process.js';
import { proxyIn } from '../../support/proxy.js';

// Rows A of docs/faults.md that no other file is about.

async function own() {
  const redis = await startPrivateRedis();
  onTestFinished(() => redis.stop());
  return { redis, service: new TestService({ url: redis.url }) };
}

/** What the process of a caller says now and then. */
const isReport = (_message: unknown): _message is Record<string, number> => true;

/** What a user may not is taken from it, or given back. */
const acl = (service: TestService, ...rules: string[]): Promise<unknown> =>
  service.redis.call('ACL', 'SETUSER', 'shop', ...rules);
const ALL = ['on', '>hunter2', '~*', '&*', '+@all'];

const withUser = (url: string, user = 'shop', password = 'hunter2'): string =>
  url.replace('redis://', `redis://${user}:${password}@`);

describe('A2 a caller that has given up', () => {
  it('is not served when Redis appears: what waited never starts', async () => {
    const { redis, service } = await own();
    await redis.stop();
    const late = service.client({ whenNoConsumer: 'wait' });
    const ran: unknown[] = [];
    const given = range(20).map((key) => late.failure('work', key, { timeout: 200 }));
    for (const error of await Promise.all(given)) {
      expect(error).toMatchObject({ code: 'NOT_CONNECTED', outcome: 'not-run' });
    }
    await redis.restart();
    await service.serve({ messages: { work: (key: unknown) => ran.push(key) } });
    await late.call('work', 'later');
    expect(ran).toEqual(['later']);
  });
});

describe('A6 connections that were left behind', () => {
  it('are replaced, although they were disconnected in the middle of an outage', async () => {
    const { redis, service } = await own();
    const server = await service.serve({ messages: { work: (n: number) => n + 1 } });
    const client = await service.connected();
    expect(await client.call('work', 0)).toBe(1);
    const states: string[] = [];
    client.status.subscribe((state) => states.push(state));
    // The first reply may have come from the log, before the client listens.
    await eventually(() => expect(client.unwrap<(Redis | undefined)[]>()).not.toContain(undefined));
    const connections = [...client.unwrap<Redis[]>(), ...server.unwrap<Redis[]>()];
    await redis.kill();
    for (const connection of connections) connection.disconnect(false);
    await eventually(() => expect(states.at(-1)).toBe('reconnecting'));
    await redis.restart();
    expect(await client.call('work', 1)).toBe(2);
    expect(states.at(-1)).toBe('connected');
  });
});

describe('A7 calls while Redis is away', () => {
  // All files of the library for the process that calls, which takes a while on a busy machine.
  beforeAll(() => void builtLibrary(), 120_000);

  it('are bounded: more than maxPending fail at once, the others are served when it is back', async () => {
    const { redis, service } = await own();
    await service.serve({ messages: { work: (n: number) => n } });
    const client = await service.connected({ maxPending: 500 });
    redis.freeze();
    const over: unknown[] = [];
    const calls = range(2000).map((n) =>
      client.call('work', n).then(
        () => 'answered',
        (error: { code: string; outcome: string }) => {
          over.push([error.code, error.outcome]);
          return 'refused';
        },
      ),
    );
    // At once is within a turn, however long that takes on a busy machine.
    await new Promise((resolve) => setImmediate(resolve));
    expect(over).toHaveLength(1500);
    expect(over.every((end) => String(end) === 'OVERLOADED,not-run')).toBe(true);
    redis.thaw();
    const ends = await Promise.all(calls);
    expect(ends.filter((end) => end === 'answered')).toHaveLength(500);
  });

  it('take at most 50 MB of a caller that makes 2,000 a second for a minute', async () => {
    const { redis, service } = await own();
    await service.serve({ messages: { work: () => 1 } });
    const options = { url: service.url, prefix: service.prefix, timeout: 120_000 };
    const caller = new Forked({
      name: 'caller',
      program: program('outage'),
      args: [JSON.stringify({ library: builtLibrary(), options })],
      execArgv: ['--expose-gc'],
    });
    onTestFinished(async () => void (await caller.kill()));
    const said = () => caller.message(isReport, 60_000);
    await said();
    redis.freeze();
    caller.tell({ count: 120_000 });
    const away = await said();
    expect(away).toMatchObject({ answered: 5000, OVERLOADED: 110_000 });
    expect(away['grown']).toBeLessThan(50 * 1024 * 1024);
    redis.thaw();
    expect(await said()).toMatchObject({ answered: 15_000, OVERLOADED: 110_000 });
    // Ten seconds of work for a processor that does nothing else, in three parts with a bound each.
  }, 180_000);
});

describe('A8 a subscription that is refused', () => {
  it('does not count as connected: calls wait, and go on when the right is given', async () => {
    const { service } = await own();
    await acl(service, ...ALL);
    await service.serve({ messages: { work: (n: number) => n + 1 } });
    const client = service.client({ url: withUser(service.url), retryDelay: 50 });
    // It listens for replies from its first call on.
    expect(await client.call('work', 0)).toBe(1);
    const states: string[] = [];
    client.status.subscribe((state) => states.push(state));
    // The right goes in mid-life, and Redis ends the connections that used it.
    await acl(service, 'resetchannels');
    await eventually(() => expect(states.at(-1)).toBe('reconnecting'));
    const call = client.call('work', 1);
    await acl(service, '&*');
    expect(await call).toBe(2);
    await eventually(() => expect(states.at(-1)).toBe('connected'));
  });
});

describe('A9 faults that repeat', () => {
  it('are one line of the log in five seconds, with the number of those left out', () => {
    let now = 0;
    const lines: string[] = [];
    const write = (line: string): void => void lines.push(line);
    const logger = new RateLimitedLogger({ log: write, warn: write, error: write }, () => now);
    for (; now < 10_000; now++) logger.warn('closed', 'lost a connection');
    logger.warn('another', 'something else');
    expect(lines).toEqual([
      'lost a connection',
      'lost a connection (4999 more like this)',
      'something else',
    ]);
  });
});

describe('A10 answers that are cut in the middle', () => {
  const roles: Role[] = ['commands', 'subscriber', 'reader'];
  it.each(roles)('on the %s: the connection is replaced, and nothing is lost', async (role) => {
    const service = new TestService();
    const { proxy, through } = await proxyIn(service);
    const ran = new Tally();
    await service.serve({ messages: { work: (n: number) => ran.add(n) } }, through);
    const client = await service.connected(through);
    await client.call('work', 'first');
    for (const round of range(3)) {
      proxy.latest(role).mode = cutMidFrame(1);
      const answers = range(20).map((i) => client.call('work', round * 20 + i));
      expect(await Promise.all(answers)).toEqual(range(20).map((i) => round * 20 + i));
    }
    expect(ran.repeated).toEqual([]);
    expect(proxy.counts.cutShort).toBeGreaterThan(0);
  });
});

describe('A12 rights that are missing', () => {
  it('at the start: it fails at once, naming what is missing and not the password', async () => {
    const { service } = await own();
    await acl(service, ...ALL);
    const wrong = service.client({ url: withUser(service.url, 'shop', 'swordfish') });
    const refusal = await wrong.connect().catch((error: Error) => error);
    expect(refusal).toMatchObject({ code: 'REDIS', message: expect.stringContaining('WRONGPASS') });
    expect(JSON.stringify(refusal) + String(refusal)).not.toContain('swordfish');

    await acl(service, '-evalsha', '-eval');
    const limited = service.server({ messages: { work: () => 1 } }, { url: withUser(service.url) });
    await expect(
      new Promise<void>((resolve, reject) => {
        void limited.listen((error) => (error == null ? resolve() : reject(error)));
      }),
    ).rejects.toMatchObject({
      code: 'REDIS',
      message: expect.stringMatching(/NOPERM.*eval/i),
    });
  });

  it('in mid-life: it says so, does not end, and goes on when they are back', async () => {
    const { service } = await own();
    await acl(service, ...ALL);
    const url = withUser(service.url);
    const server = await service.serve(
      { messages: { work: () => 'fine' } },
      { url, retryDelay: 50 },
    );
    const client = await service.connected({ url, retryDelay: 50 });
    const states: string[] = [];
    server.status.subscribe((state) => states.push(state));
    const callers: string[] = [];
    client.status.subscribe((state) => callers.push(state));
    const errors: string[] = [];
    client.on('error', (_, error) => errors.push(String(error)));
    expect(await client.call('work')).toBe('fine');
    await acl(service, 'off');
    await service.redis.call('CLIENT', 'KILL', 'USER', 'shop');
    await eventually(() =>
      expect([states.at(-1), callers.at(-1)]).toEqual(['reconnecting', 'reconnecting']),
    );
    expect(await client.failure('work', {}, { timeout: 300 })).toMatchObject({
      code: 'NOT_CONNECTED',
      outcome: 'not-run',
    });
    await eventually(() => expect(errors.length).toBeGreaterThan(0));
    expect(errors.join()).not.toContain('hunter2');
    await acl(service, 'on');
    await eventually(() => expect(states.at(-1)).toBe('connected'));
    expect(await client.call('work')).toBe('fine');
  });
});
