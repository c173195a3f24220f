import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { lastValueFrom } from 'rxjs';
import type { RedisStreamsServerOptions } from 'nestjs-redis-streams';
import { onTestFinished } from 'vitest';
import { startPrivateRedis } from '../support/redis-process.js';
import { eventually } from '../../tools/wait.js';
import type { Handler, Handlers } from '../support/handlers.js';
import { testCluster } from '../support/place.js';
import { TestService } from '../support/test-service.js';

/** What is logged from here on, each line after its level. */
function lines(): string[] {
  const said: string[] = [];
  for (const level of ['log', 'warn', 'error'] as const) {
    vi.spyOn(Logger.prototype, level).mockImplementation((line: unknown) => {
      said.push(`${level} ${String(line)}`);
    });
  }
  return said;
}
afterEach(() => vi.restoreAllMocks());

const ended: Handler = () => 'done';
const matching = (said: readonly string[], what: RegExp): string[] =>
  said.filter((line) => what.test(line));

describe('the log of a service', () => {
  test('says at its start where Redis is, its own name and what it serves, without a password', async () => {
    const service = new TestService();
    const where = testCluster ? 'the given cluster nodes' : new URL(service.url).host;
    const said = lines();
    const user = `lines-${randomUUID()}`;
    await service.redis.call('ACL', 'SETUSER', user, 'on', '>S3cret', '~*', '&*', '+@all');
    onTestFinished(async () => void (await service.redis.call('ACL', 'DELUSER', user)));
    const messages = { 'orders.price': ended, 'orders.list': ended };
    const server = await service.serve({ messages }, { username: user, password: 'S3cret' });
    await eventually(() => expect(matching(said, /listening/)).toHaveLength(1));
    await server.close();
    expect(matching(said, /listening/)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^log listening: (Redis|Valkey) \\d+\\.\\d+\\.\\d+ at ${where}, group service, ` +
            'instance [\\w.-]+, 2 patterns: orders\\.price, orders\\.list$',
        ),
      ),
    ]);
    expect(said.join()).not.toMatch(/S3cret|lines-/);
  });

  test('names some of many patterns', async () => {
    const service = new TestService();
    const said = lines();
    const messages = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`p${i}`, ended]));
    await service.serve({ messages });
    await eventually(() => expect(matching(said, /listening/)).toHaveLength(1));
    expect(matching(said, /listening/)[0]).toMatch(/300 patterns: p0, .*, p19 and 280 more$/);
  });

  test('says when it drains, with counts, and that it has stopped', async () => {
    const service = new TestService();
    let release: (value: string) => void = () => {};
    const work: Handler = () => new Promise<string>((resolve) => (release = resolve));
    const server = await service.serve({ messages: { work } }, { concurrency: 1 });
    const client = await service.connected();
    const said = lines();
    const call = client.call('work');
    await eventually(async () => expect(await service.pending('work')).toBe(1));
    const closed = server.close();
    await eventually(() => expect(matching(said, /draining/)).toHaveLength(1));
    release('done');
    await Promise.all([call, closed]);
    expect(said.filter((line) => !/listening/.test(line))).toEqual([
      'log draining: handlers that run: 1, entries that go back: 0; 10000 ms at most',
      expect.stringMatching(/^log drained in \d+ ms: 1 handlers have finished$/),
      expect.stringMatching(/^log stopped \(group service, instance [\w.-]+\)$/),
    ]);
  });

  test('says how many handlers did not finish', async () => {
    const service = new TestService();
    const never: Handler = () => new Promise(() => {});
    const server = await service.serve({ messages: { never } }, { drainTimeout: 20 });
    const client = await service.connected();
    const said = lines();
    client.send('never', {}).subscribe({ error: () => {} });
    await eventually(async () => expect(await service.pending('never')).toBe(1));
    await server.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(matching(said, /^warn/)).toEqual([
      'warn 1 of 1 handlers did not finish within drainTimeout; others take them over',
    ]);
    expect(matching(said, /drained/)).toEqual([]);
  });

  test('says from whom it took entries over, how many, and how long after', async () => {
    const service = new TestService();
    const options = { leaseTtl: 500, drainTimeout: 20 };
    const first = await service.serve({ events: { work: () => new Promise(() => {}) } }, options);
    const client = await service.connected();
    for (const n of [1, 2, 3]) await client.tell('work', n);
    await eventually(async () => expect(await service.pending('work')).toBe(3));
    const [gone] = await service.consumers('work');
    const said = lines();
    await first.close();
    await service.serve({ events: { work: ended } }, options);
    await eventually(async () => expect(await service.pending('work')).toBe(0));
    expect(matching(said, /took over/)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^log took over 3 entries from ${gone}, \\d+\\.\\d s after it left or was taken for dead$`,
        ),
      ),
    ]);
    // One that is listed, has entries and no lease.
    await client.tell('other', 1);
    await service.redis.xgroup('CREATE', service.keys.stream('other'), 'service', '0');
    await service.redis.xreadgroup(
      'GROUP',
      'service',
      'ghost',
      'STREAMS',
      service.keys.stream('other'),
      '>',
    );
    await service.serve({ events: { other: ended } }, options);
    await eventually(async () => expect(await service.pending('other')).toBe(0));
    expect(matching(said, /ghost/)).toEqual([
      expect.stringMatching(
        /^warn took over 1 entry from ghost, taken for dead after \d+\.\d s of silence or more$/,
      ),
    ]);
  });

  test('says that it was taken for dead, under which name, and how it goes on', async () => {
    const service = new TestService();
    await service.serve({ events: { work: ended } }, { leaseTtl: 500 });
    const [name] = await service.redis.zrange(service.keys.members('service'), '0', '-1');
    const said = lines();
    await service.redis.set(service.keys.lease(name!), '+');
    await eventually(() => expect(matching(said, /taken for dead/)).toHaveLength(1));
    const [line] = matching(said, /taken for dead/);
    expect(line).toMatch(
      new RegExp(
        `^warn this instance \\(${name}\\) was taken for dead by another of service; .* continues as `,
      ),
    );
  });

  test('keeps failures of different patterns apart, and says how many were left out', async () => {
    const service = new TestService();
    const fails: Handler = () => {
      throw new Error('no');
    };
    const retry = { attempts: 1 };
    const server = await service.serve({ events: { one: fails, two: fails } }, { retry });
    const client = await service.connected();
    const said = lines();
    for (let i = 0; i < 10; i++) await Promise.all([client.tell('one', i), client.tell('two', i)]);
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(20));
    await server.close();
    for (const pattern of ['one', 'two']) {
      const told = matching(
        said,
        new RegExp(`^error (.* the last: )?${pattern}: became dead letter`),
      );
      expect(told).toHaveLength(2);
      expect(told[1]).toMatch(/^error 9 more like this, the last: /);
    }
  });

  test('counts attempts only where a handler was tried', async () => {
    const service = new TestService();
    const said = lines();
    const fails: Handler = () => {
      throw new Error('no');
    };
    await service.serve({ events: { fails: [fails, { retry: { attempts: 1 } }], unread: ended } });
    const add = (stream: string, ...fields: string[]) =>
      service.redis.xadd(service.keys.stream(stream), '*', ...fields);
    await add('unread', 'c', 'rubbish', 'd', '1');
    await add('unread', 'c', '9 json - - 0', 'd', '1');
    await add('unread', 'c', '1 json - - 0', 'd', '{');
    await add('fails', 'c', '1 json - - 0', 'd', '1');
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(4));
    const letters = await service.deadLetters();
    const tried = letters.map(({ reason, attempts }) => `${reason} ${attempts}`).sort();
    expect(tried).toEqual(['attempts 1', 'malformed 0', 'malformed 0', 'version 0']);
    await eventually(() => expect(matching(said, /became dead letter/)).toHaveLength(2));
    expect(matching(said, /fails: became dead letter/)[0]).toMatch(/, attempts, attempt 1 of 1 \(/);
    expect(matching(said, /unread: became dead letter/)[0]).toMatch(/, malformed \(entry/);
  });

  test('does not say that an entry became a dead letter that was taken over meanwhile', async () => {
    const service = new TestService();
    const said = lines();
    const work: Handler = async (_, context) => {
      const key = service.keys.stream('work');
      await service.redis.xclaim(key, 'service', 'other', 0, context.getMessageId());
      throw new Error('no');
    };
    await service.serve({ events: { work: [work, { retry: { attempts: 1 } }] } });
    const client = await service.connected();
    await client.tell('work', 1);
    await eventually(() => expect(matching(said, /dead letter/)).toHaveLength(1));
    expect(matching(said, /dead letter/)[0]).toMatch(
      /^warn work: became no dead letter here, attempts: it is another instance's by now \(entry .*: no/,
    );
    expect(await service.deadLetters()).toEqual([]);
  });

  test('names the call in lines about it', async () => {
    const service = new TestService();
    const calls = new Map<string, string>();
    const noting =
      (then: (data: never) => unknown): Handler =>
      (data, context) => {
        calls.set(context.getPattern(), context.getCallId() as string);
        return then(data);
      };
    const messages: Handlers['messages'] = {
      unsendable: noting(() => 1n),
      retried: [
        noting(() => {
          throw new Error('no');
        }),
        { retry: { attempts: 2, delay: 1 } },
      ],
    };
    await service.serve({ messages });
    const client = await service.connected();
    const said = lines();
    await client.failure('unsendable');
    await client.failure('retried');
    await eventually(() => expect(matching(said, /became dead letter/)).toHaveLength(1));
    for (const [pattern, call] of calls) {
      const about = matching(said, new RegExp(`^\\w+ ${pattern}: `));
      expect(about).not.toEqual([]);
      for (const line of about) expect(line).toContain(`, call ${call})`);
    }
  });
});

describe('a normal life has no warnings', () => {
  const life = async (
    service: TestService,
    options: RedisStreamsServerOptions = {},
  ): Promise<void> => {
    const handlers: Handlers = {
      messages: {
        work: (n: number) => n + 1,
        many: async function* () {
          yield* [1, 2, 3];
        },
      },
      events: { told: () => {} },
    };
    const client = service.client();
    const early = client.call('work', 1);
    const server = await service.serve(handlers, options);
    expect(await early).toBe(2);
    const second = service.client();
    expect(await second.call('work', 2)).toBe(3);
    expect(await second.values('many')).toEqual([1, 2, 3]);
    await lastValueFrom(second.emit('told', 1), { defaultValue: undefined });
    const idle = service.client();
    await idle.connect();
    await idle.close();
    await second.close();
    await server.close();
    await client.close();
  };

  test('of a service and its callers, started in any order', async () => {
    const said = lines();
    await life(new TestService());
    expect(matching(said, /^(?:warn|error)/)).toEqual([]);
  });

  test('against a Redis that was just started', async () => {
    const said = lines();
    for (let round = 0; round < 3; round++) {
      const server = await startPrivateRedis();
      onTestFinished(() => server.stop());
      await life(new TestService({ url: server.url }));
    }
    expect(matching(said, /^(?:warn|error)/)).toEqual([]);
  });
});
