import { Arena, eventually, Gate, range, Tally } from '../../support/arena.js';
import { Instance } from '../../support/instance.js';

/** Until `size` instances of the arena wait in a blocking read: one that still settles is not idle. */
function idle(arena: Arena, size: number): Promise<void> {
  return eventually(async () => {
    const connections = String(await arena.redis.client('LIST')).split('\n');
    const waiting = connections.filter(
      (line) => line.includes(` name=${arena.prefix} `) && / flags=\w*b/.test(line),
    );
    expect(waiting).toHaveLength(size);
  });
}

/** Instances that count what they handle. */
async function fleet(arena: Arena, size: number, work = async (): Promise<unknown> => undefined) {
  const handled = new Tally();
  const shares = range(size).map(() => 0);
  for (const i of range(size)) {
    const handler = async ({ key }: { key: number }) => {
      handled.add(key);
      shares[i]!++;
      await work();
      return key;
    };
    await arena.serve({ messages: { work: handler } }, { connectionName: arena.prefix });
  }
  // Each must know how many they are before a fair share can be asked for.
  await eventually(async () => {
    expect(await arena.redis.zcard(arena.keys.members('service'))).toBe(size);
  });
  return { handled, shares };
}

describe('instances of one group', () => {
  it('handle each of 300 calls exactly once, and everyone gets some', async () => {
    const arena = new Arena();
    const { handled, shares } = await fleet(arena, 3);
    const client = await arena.connected();
    const answers = await Promise.all(range(300).map((key) => client.call('work', { key })));
    expect(answers).toEqual(range(300));
    expect(handled.repeated).toEqual([]);
    expect(handled.total).toBe(300);
    for (const share of shares) expect(share).toBeGreaterThan(0);
  });

  it('share 100 calls of one turn: each of 4 idle instances gets 15 to 40', async () => {
    const arena = new Arena();
    const { shares } = await fleet(arena, 4);
    const client = await arena.connected();
    for (let round = 0; round < 3; round++) {
      shares.fill(0);
      await idle(arena, 4);
      await Promise.all(range(100).map((key) => client.call('work', { key })));
      for (const share of shares) {
        expect(share, `round ${round}: ${shares.join(' ')}`).toBeGreaterThanOrEqual(15);
        expect(share, `round ${round}: ${shares.join(' ')}`).toBeLessThanOrEqual(40);
      }
    }
  });

  it('share 100 calls of one turn also as processes of their own', async () => {
    const arena = new Arena();
    const { url, prefix } = arena;
    const options = { url, prefix, group: 'service', connectionName: prefix };
    const processes = await Promise.all(range(4).map(() => Instance.start(options)));
    const client = await arena.connected();
    const expectFairShares = async () => {
      await idle(arena, 4);
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
    const arena = new Arena();
    const gate = new Gate();
    await arena.serve(
      { messages: { work: () => gate.opened.then(() => 'busy') } },
      { concurrency: 2 },
    );
    const client = await arena.connected();
    const held = range(2).map(() => client.call('work'));
    await eventually(async () => expect(await arena.pending('work')).toBe(2));
    await arena.serve({ messages: { work: () => 'free' } });
    const answers = await Promise.all(range(20).map(() => client.call('work')));
    expect(new Set(answers)).toEqual(new Set(['free']));
    gate.open();
    expect(await Promise.all(held)).toEqual(['busy', 'busy']);
  });

  it('a joiner takes its share', async () => {
    const arena = new Arena();
    const { shares } = await fleet(arena, 1);
    const client = await arena.connected();
    await Promise.all(range(50).map((key) => client.call('work', { key })));
    expect(shares).toEqual([50]);
    let joined = 0;
    await arena.serve({ messages: { work: () => ++joined } });
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
    const arena = new Arena();
    const seen: Record<string, Tally> = { one: new Tally(), two: new Tally() };
    for (const group of ['one', 'two', 'two']) {
      const happened = (data: number) => seen[group]!.add(data);
      await arena.serve({ events: { happened } }, { group });
    }
    const client = await arena.connected();
    await Promise.all(range(50).map((n) => client.tell('happened', n)));
    await eventually(() => {
      expect(seen['one']!.total).toBe(50);
      expect(seen['two']!.total).toBe(50);
    });
    for (const group of ['one', 'two']) {
      expect(seen[group]!.repeated).toEqual([]);
      await eventually(async () => expect(await arena.pending('happened', group)).toBe(0));
    }
  });

  it('only one answers a pattern; the other keeps its own', async () => {
    const arena = new Arena();
    await arena.serve({ messages: { a: () => 'one' } }, { group: 'one' });
    const rejected = arena.serve({ messages: { b: () => 2, a: () => 2 } }, { group: 'two' });
    await expect(rejected).rejects.toMatchObject({ code: 'GROUP_CONFLICT', pattern: 'a' });
    await arena.serve({ messages: { b: () => 'two' }, events: { a: () => {} } }, { group: 'two' });
    const client = await arena.connected();
    expect(await client.call('a')).toBe('one');
    expect(await client.call('b')).toBe('two');
    expect(await arena.length('a')).toBe(0);
  });

  it('an instance that conflicts leaves nothing behind', async () => {
    const arena = new Arena();
    await arena.serve({ messages: { a: () => 1 } }, { group: 'one' });
    const two = arena.serve({ messages: { a: () => 2, b: () => 2 } }, { group: 'two' });
    await expect(two).rejects.toMatchObject({ code: 'GROUP_CONFLICT' });
    expect(await arena.redis.zcard(arena.keys.members('two'))).toBe(0);
    const client = await arena.connected();
    expect(await client.failure('b', {}, { whenNoConsumer: 'fail' })).toMatchObject({
      code: 'NO_CONSUMER',
    });
  });

  it('a broadcast reaches every instance, and its groups go with them', async () => {
    const arena = new Arena();
    const seen: number[] = [];
    const listener = (i: number) => ({
      events: { changed: [() => void seen.push(i), { broadcast: true }] as const },
    });
    const servers = [];
    for (const i of range(3)) servers.push(await arena.serve(listener(i)));
    const client = await arena.connected();
    await client.tell('changed', 1);
    await eventually(() => expect([...seen].sort()).toEqual([0, 1, 2]));
    const groups = async () =>
      (await arena.redis.xinfo('GROUPS', arena.keys.stream('changed'))) as unknown[];
    expect(await groups()).toHaveLength(3);
    await Promise.all(servers.map((server) => server.close()));
    expect(await groups()).toHaveLength(0);
  });
});
