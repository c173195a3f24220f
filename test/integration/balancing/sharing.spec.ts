import { eventually } from '../../../tools/wait.js';
import { atOnce } from '../../support/at-once.js';
import { Gate } from '../../support/gate.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { Instance } from '../../support/instance.js';

/** Until `size` instances of the service wait in a blocking read: one that still settles is not idle. */
function idle(service: TestService, size: number): Promise<void> {
  return eventually(async () => {
    const connections = String(await service.redis.client('LIST')).split('\n');
    const waiting = connections.filter(
      (line) => line.includes(` name=${service.prefix} `) && / flags=\w*b/.test(line),
    );
    expect(waiting).toHaveLength(size);
  });
}

/** Instances that count what they handle. */
async function fleet(
  service: TestService,
  size: number,
  work = async (): Promise<unknown> => undefined,
) {
  const handled = new Tally();
  const shares = range(size).map(() => 0);
  for (const i of range(size)) {
    const handler = async ({ key }: { key: number }) => {
      handled.add(key);
      shares[i]!++;
      await work();
      return key;
    };
    await service.serve({ messages: { work: handler } }, { connectionName: service.prefix });
  }
  // Each must know how many they are before a fair share can be asked for.
  await eventually(async () => {
    expect(await service.redis.zcard(service.keys.members('service'))).toBe(size);
  });
  return { handled, shares };
}

describe('instances of one group', () => {
  it('handle each of 300 calls exactly once, and everyone gets some', async () => {
    const service = new TestService();
    const { handled, shares } = await fleet(service, 3);
    const client = await service.connected();
    const answers = await Promise.all(range(300).map((key) => client.call('work', { key })));
    expect(answers).toEqual(range(300));
    expect(handled.repeated).toEqual([]);
    expect(handled.total).toBe(300);
    for (const share of shares) expect(share).toBeGreaterThan(0);
  });

  it('share 100 calls of one turn: each of 4 idle instances gets 15 to 40', async () => {
    const service = new TestService();
    const { shares } = await fleet(service, 4);
    const client = await service.connected();
    const burst = async (round: string) => {
      shares.fill(0);
      await idle(service, 4);
      await Promise.all(range(100).map((key) => client.call('work', { key })));
      for (const share of shares) {
        expect(share, `${round}: ${shares.join(' ')}`).toBeGreaterThanOrEqual(15);
        expect(share, `${round}: ${shares.join(' ')}`).toBeLessThanOrEqual(40);
      }
    };
    // Redis lists all four, and the news of the last one may still be on its way to the others.
    await eventually(() => burst('at first'));
    for (let round = 0; round < 3; round++) await burst(`round ${round}`);
  });

  it('that is alone has a burst of 100 calls at once', async () => {
    const service = new TestService();
    let gate = new Gate();
    let running = 0;
    const work = async () => {
      running++;
      await gate.opened;
      return running--;
    };
    await service.serve({ messages: { work } });
    const client = await service.connected();
    for (const _ of range(3)) {
      gate = new Gate();
      const calls = range(100).map(() => client.call('work'));
      // None of them ends before all have begun.
      await eventually(() => expect(running).toBe(100));
      gate.open();
      await Promise.all(calls);
    }
  });

  it('share bursts of 100 calls evenly, to 15 parts of a hundred', async () => {
    const service = new TestService();
    const { shares } = await fleet(service, 4);
    const client = await service.connected();
    // The first verdict says that all take packs.
    await client.call('work', { key: 0 });
    shares.fill(0);
    for (let round = 0; round < 20; round++) {
      await idle(service, 4);
      await Promise.all(range(100).map((key) => client.call('work', { key })));
    }
    for (const share of shares) {
      expect(share, shares.join(' ')).toBeGreaterThanOrEqual(0.85 * 500);
      expect(share, shares.join(' ')).toBeLessThanOrEqual(1.15 * 500);
    }
  });

  it('share bursts of 100 events evenly, to 15 parts of a hundred', async () => {
    const service = new TestService();
    const shares = range(4).map(() => 0);
    for (const i of range(4)) {
      const told = () => void shares[i]!++;
      await service.serve({ events: { told } }, { connectionName: service.prefix });
    }
    const members = service.keys.members('service');
    await eventually(async () => expect(await service.redis.zcard(members)).toBe(4));
    const client = await service.connected();
    const handled = () => shares.reduce((sum, share) => sum + share);
    const burst = async (count: number) => {
      const before = handled();
      await Promise.all(range(count).map((i) => client.tell('told', i)));
      await eventually(() => expect(handled()).toBe(before + count));
    };
    // The first verdict says that all take packs; after the second burst all know how these come.
    for (const count of [2, 100]) await burst(count);
    shares.fill(0);
    for (let round = 0; round < 20; round++) {
      await idle(service, 4);
      await burst(100);
    }
    for (const share of shares) {
      expect(share, shares.join(' ')).toBeGreaterThanOrEqual(0.85 * 500);
      expect(share, shares.join(' ')).toBeLessThanOrEqual(1.15 * 500);
    }
  });

  it('are given a few calls in one entry while they have many in hand', async () => {
    const service = new TestService();
    const gate = new Gate();
    const { handled } = await fleet(service, 4, () => gate.opened);
    const client = await service.connected();
    // The verdict about it says that all take packs.
    const verdict = new Gate();
    const first = client.call('work', { key: 0 }, { onStored: verdict.open });
    await verdict.opened;
    await eventually(() => expect(handled.total).toBe(1));
    /** How many entries so many calls of one turn travel in, and their answers. */
    const send = async (count: number) => {
      const stored: string[] = [];
      const onStored = ({ id }: { id: string }) => void stored.push(id);
      const before = handled.total;
      const answers = atOnce(() =>
        range(count).map((i) => client.call('work', { key: before + i }, { onStored })),
      );
      // What is stored may be handled before its caller hears of it.
      await eventually(() =>
        expect([handled.total - before, stored.length]).toEqual([count, count]),
      );
      return { entries: new Set(stored.map((id) => id.replace(/#.*/, ''))).size, answers };
    };
    const many = await send(255);
    const few = await send(16);
    expect([many.entries, few.entries]).toEqual([16, 1]);
    gate.open();
    await Promise.all([first, ...many.answers, ...few.answers]);
    expect((await send(16)).entries).toBe(16);
  });

  it('share 100 calls of one turn also as processes of their own', async () => {
    const service = new TestService();
    const options = { ...service.serverOptions, connectionName: service.prefix };
    const processes = await Promise.all(range(4).map(() => Instance.start(options)));
    const client = await service.connected();
    const expectFairShares = async () => {
      await idle(service, 4);
      const answers = await Promise.all(
        range(100).map((key) => client.call<{ pid: number }>('work', { key })),
      );
      const shares = processes.map(
        ({ pid }) => answers.filter((answer) => answer.pid === pid).length,
      );
      for (const share of shares) {
        expect(share, shares.join(' ')).toBeGreaterThanOrEqual(15);
        expect(share, shares.join(' ')).toBeLessThanOrEqual(40);
      }
    };
    // Once each has heard of the others, and issued a read that takes them into account.
    await eventually(expectFairShares);
    for (let round = 0; round < 3; round++) await expectFairShares();
  });

  it('a busy instance leaves calls to a free one', async () => {
    const service = new TestService();
    const gate = new Gate();
    await service.serve(
      { messages: { work: () => gate.opened.then(() => 'busy') } },
      { concurrency: 2 },
    );
    const client = await service.connected();
    const held = range(2).map(() => client.call('work'));
    await eventually(async () => expect(await service.pending('work')).toBe(2));
    await service.serve({ messages: { work: () => 'free' } });
    const answers = await Promise.all(range(20).map(() => client.call('work')));
    expect(new Set(answers)).toEqual(new Set(['free']));
    gate.open();
    expect(await Promise.all(held)).toEqual(['busy', 'busy']);
  });

  it('a joiner takes its share', async () => {
    const service = new TestService();
    const { shares } = await fleet(service, 1);
    const client = await service.connected();
    await Promise.all(range(50).map((key) => client.call('work', { key })));
    expect(shares).toEqual([50]);
    let joined = 0;
    await service.serve({ messages: { work: () => ++joined } });
    // The first read of the other one was issued before it knew of the joiner.
    await eventually(async () => {
      joined = 0;
      await Promise.all(range(100).map((key) => client.call('work', { key })));
      expect(joined).toBeGreaterThanOrEqual(25);
      expect(joined).toBeLessThanOrEqual(75);
    });
  });
});

describe('groups', () => {
  it('each get every event, and share it among their instances', async () => {
    const service = new TestService();
    const seen: Record<string, Tally> = { one: new Tally(), two: new Tally() };
    for (const group of ['one', 'two', 'two']) {
      const happened = (data: number) => seen[group]!.add(data);
      await service.serve({ events: { happened } }, { group });
    }
    const client = await service.connected();
    await Promise.all(range(50).map((n) => client.tell('happened', n)));
    await eventually(() => {
      expect(seen['one']!.total).toBe(50);
      expect(seen['two']!.total).toBe(50);
    });
    for (const group of ['one', 'two']) {
      expect(seen[group]!.repeated).toEqual([]);
      await eventually(async () => expect(await service.pending('happened', group)).toBe(0));
    }
  });

  it('only one answers a pattern; the other keeps its own', async () => {
    const service = new TestService();
    await service.serve({ messages: { a: () => 'one' } }, { group: 'one' });
    const rejected = service.serve({ messages: { b: () => 2, a: () => 2 } }, { group: 'two' });
    await expect(rejected).rejects.toMatchObject({ code: 'GROUP_CONFLICT', pattern: 'a' });
    await service.serve(
      { messages: { b: () => 'two' }, events: { a: () => {} } },
      { group: 'two' },
    );
    const client = await service.connected();
    expect(await client.call('a')).toBe('one');
    expect(await client.call('b')).toBe('two');
    expect(await service.length('a')).toBe(0);
  });

  it('an instance that conflicts leaves nothing behind', async () => {
    const service = new TestService();
    await service.serve({ messages: { a: () => 1 } }, { group: 'one' });
    const two = service.serve({ messages: { a: () => 2, b: () => 2 } }, { group: 'two' });
    await expect(two).rejects.toMatchObject({ code: 'GROUP_CONFLICT' });
    expect(await service.redis.zcard(service.keys.members('two'))).toBe(0);
    const client = await service.connected();
    expect(await client.failure('b', {}, { whenNoConsumer: 'fail' })).toMatchObject({
      code: 'NO_CONSUMER',
    });
  });

  it('a broadcast reaches every instance, and its groups go with them', async () => {
    const service = new TestService();
    const seen: number[] = [];
    const listener = (i: number) => ({
      events: { changed: [() => void seen.push(i), { broadcast: true }] as const },
    });
    const servers = [];
    for (const i of range(3)) servers.push(await service.serve(listener(i)));
    const client = await service.connected();
    await client.tell('changed', 1);
    await eventually(() => expect([...seen].sort()).toEqual([0, 1, 2]));
    const groups = async () =>
      (await service.redis.xinfo('GROUPS', service.keys.stream('changed'))) as unknown[];
    expect(await groups()).toHaveLength(3);
    await Promise.all(servers.map((server) => server.close()));
    expect(await groups()).toHaveLength(0);
  });
});
