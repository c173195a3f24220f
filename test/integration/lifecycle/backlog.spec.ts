import { RetryLater } from 'nestjs-redis-streams';
import { type Backlog, isDrained, leftIn, readBacklog } from 'nestjs-redis-streams/operate';
import { eventually } from '../../../tools/wait.js';
import { command } from '../../contracts/command.js';
import { Gate } from '../../support/gate.js';
import { uniquePrefix } from '../../support/place.js';
import { away } from '../../support/redis.js';
import { TestService } from '../../support/test-service.js';

const read = (service: TestService, options: object = {}) =>
  readBacklog({ ...service.address, retryAttempts: 2, ...options });
const groupsOf = (backlog: Backlog, name: string) =>
  backlog.streams.find(({ stream }) => stream === name)?.groups;

describe('what is left in a place', () => {
  it('says how many entries ever came, and how many of them a service was given', async () => {
    const service = new TestService();
    const held = new Gate();
    await service.serve({
      events: { done: () => undefined, held: [() => held.opened, { concurrency: 1 }] },
    });
    const client = await service.connected();
    for (const n of [1, 2, 3]) await client.tell('done', n);
    for (const n of [1, 2, 3]) await client.tell('held', n);
    await eventually(async () => {
      const { streams } = await read(service);
      const facts = streams.map(({ stream, added, groups: [group] }) => {
        return [stream, added, group?.given, group?.pending];
      });
      expect(facts).toEqual([
        ['done', 3, 3, 0],
        ['held', 3, 1, 1],
      ]);
    });
    held.open();
  });

  it('is nothing where nobody has ever been, and reading leaves nothing', async () => {
    const service = new TestService();
    const nothing = { shards: 1, streams: [], deadLetters: {}, callers: 0 };
    expect(await read(service)).toEqual(nothing);
    expect(isDrained(await read(service))).toBe(true);
    expect(await service.keysLike(`{${service.prefix}*`)).toEqual([]);
  });

  it('are entries that run, wait for a slot, for another attempt, or were given up', async () => {
    const service = new TestService();
    const held = new Gate();
    const never = () => {
      throw new RetryLater(60_000);
    };
    const lost = () => {
      throw new Error('no');
    };
    const server = await service.serve(
      {
        messages: {
          slow: [() => held.opened, { concurrency: 1 }],
          once: [() => held.opened, { atMostOnce: true }],
        },
        events: { later: never, given: [lost, { retry: { attempts: 1 } }] },
      },
      { drainTimeout: 0 },
    );
    const client = await service.connected();
    const calls = [1, 2, 3].map((n) => client.call('slow', n).catch(() => undefined));
    calls.push(client.call('once').catch(() => undefined));
    await Promise.all(['later', 'given'].map((event) => client.tell(event)));
    const counts = { unread: 0, pending: 0, retries: 0, running: 0 };
    const known = { oldestFor: expect.any(Number), given: 1 };
    const group = { group: 'service', instances: 1, ...counts, ...known };
    await eventually(async () => {
      const backlog = await read(service);
      expect(groupsOf(backlog, 'slow')).toEqual([{ ...group, unread: 2, pending: 1 }]);
      expect(groupsOf(backlog, 'once')).toEqual([{ ...group, running: 1 }]);
      expect(groupsOf(backlog, 'later')).toEqual([{ ...group, pending: 1, retries: 1 }]);
      expect(backlog).toMatchObject({ deadLetters: { service: 1 }, callers: 1 });
      expect(isDrained(backlog, 0)).toBe(false);
    });
    expect(leftIn(await read(service), 0)).toEqual([
      'later: service has 0 unread, 1 pending (1 wait for another attempt)',
      'once: service has 0 unread, 0 pending, 1 running',
      'slow: service has 2 unread, 1 pending',
      'dead letters of service: 1',
      'callers that are still there: 1',
    ]);
    held.open();
    await Promise.all(calls);
    await server.close();
    await client.close();
    expect(leftIn(await read(service), 0)).toEqual([
      'later: service has 0 unread, 1 pending (1 wait for another attempt); no instance of it lives',
      'dead letters of service: 1',
    ]);
  });

  it('is what nobody reads, and what was sent a moment ago', async () => {
    const service = new TestService();
    const client = await service.connected();
    await client.tell('unheard');
    expect(leftIn(await read(service), 0)).toEqual(['unheard: entries that nobody reads: 1']);
    await service.serve({ events: { unheard: () => undefined } }, { history: true });
    await eventually(async () => expect(isDrained(await read(service), 0)).toBe(true));
    const [line] = leftIn(await read(service));
    expect(line).toMatch(/^unheard: an entry came \d+\.\d s ago$/);
    expect(isDrained(await read(service))).toBe(false);
  });

  it('is read in all shards, whose number was noted', async () => {
    const service = new TestService();
    const shards = 5;
    const events = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, () => undefined]));
    await service.serve({ events }, { shards });
    const client = await service.connected({ shards });
    await Promise.all([...Object.keys(events), 'unheard'].map((name) => client.tell(name)));
    const backlog = await read(service);
    expect(backlog.shards).toBe(5);
    expect(backlog.streams.map(({ stream }) => stream)).toEqual(['a', 'b', 'c', 'd', 'unheard']);
    expect(new Set(backlog.streams.map(({ shard }) => shard)).size).toBeGreaterThan(1);
  });

  it('does not count entries that are kept after they were handled', async () => {
    const service = new TestService();
    const retention = { count: 10 };
    await service.serve({ events: { kept: () => undefined } }, { retention });
    const client = await service.connected();
    await Promise.all([1, 2, 3].map((n) => client.tell('kept', n)));
    await eventually(async () => expect(isDrained(await read(service), 0)).toBe(true));
    expect((await read(service)).streams).toMatchObject([{ stream: 'kept', length: 3 }]);
  });

  it('is counted where Redis does not know the number, as after a call was cancelled unread', async () => {
    const service = new TestService();
    const held = new Gate();
    const slow = () => held.opened.then(() => 'done');
    await service.serve({ messages: { slow: [slow, { concurrency: 1 }] } });
    const client = await service.connected();
    const running = client.call('slow');
    await eventually(async () =>
      expect(groupsOf(await read(service), 'slow')).toMatchObject([{ pending: 1 }]),
    );
    const given = new AbortController();
    const calls = [client.failure('slow', {}, { signal: given.signal })];
    await eventually(async () => expect(await service.length('slow')).toBe(2));
    calls.push(client.call('slow'));
    await eventually(async () => expect(await service.length('slow')).toBe(3));
    given.abort();
    await eventually(async () =>
      expect(groupsOf(await read(service), 'slow')).toMatchObject([{ pending: 1, unread: 1 }]),
    );
    held.open();
    await Promise.all([running, ...calls]);
    await eventually(async () =>
      expect(groupsOf(await read(service), 'slow')).toMatchObject([{ pending: 0, unread: 0 }]),
    );
  });

  it('is that of this prefix alone, whatever characters it has', async () => {
    const prefix = `${uniquePrefix()}*[a-z]?`;
    const service = new TestService({ prefix });
    const similar = new TestService({ prefix: prefix.replace('*[a-z]?', '-other-ab') });
    for (const each of [service, similar]) await (await each.connected()).tell(each.prefix);
    expect((await read(service)).streams.map(({ stream }) => stream)).toEqual([prefix]);
  });

  it('is asked of a Redis that is not there for a bounded time', async () => {
    const service = new TestService();
    await expect(read(service, away)).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    const patient = { ...away, retryAttempts: undefined, timeout: 300 };
    await expect(read(service, patient)).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });
});

describe('the command drained', () => {
  it('ends with 1 and says what is left, or with 0', async () => {
    const service = new TestService();
    const args = ['drained', '--prefix', service.prefix, '--quiet', '0'];
    const client = await service.connected();
    await client.tell('heard');
    const left = 'heard: entries that nobody reads: 1\n';
    expect(await command(...args)).toEqual({ code: 1, out: left, err: '' });
    await service.serve({ events: { heard: () => undefined } }, { history: true });
    await eventually(async () =>
      expect(await command(...args)).toEqual({
        ...{ code: 0, out: 'nothing is left: streams: 1, shards: 1\n', err: '' },
      }),
    );
  });

  it.each([
    [['--quiet', 'soon'], 'It is a whole number.'],
    [['--url', 'redis://a', '--cluster', 'a:1'], '--url and --cluster exclude each other'],
    [['--cluster', 'a:b'], 'cluster.nodes[0]'],
  ])('called wrongly: %j', async (args, told) => {
    const answer = await command('drained', ...args);
    expect(answer).toMatchObject({ code: 2, out: '', err: expect.stringContaining(told) });
  });

  it('names a Redis that is not there', async () => {
    const answer = await command('drained', '--url', 'redis://me:secret@127.0.0.1:9');
    expect(answer).toMatchObject({ code: 1, err: expect.stringContaining('NOT_CONNECTED') });
    expect(answer.err).toContain('ECONNREFUSED');
    expect(answer.err).not.toContain('secret');
  });
});
