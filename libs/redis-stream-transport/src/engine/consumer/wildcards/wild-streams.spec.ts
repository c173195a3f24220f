import { wildShard } from '../../../../../../test/support/wild-shard.js';
import { RESULT_LIFE } from '../../../protocol/result-record.js';
import { CommandFailure } from '../../../redis/failure.js';
import type { StreamState } from '../intake/stream-state.js';

describe('streams that wildcards stand for', () => {
  it('are read once they are known, each once, but those that a handler names', async () => {
    const { redis, names, states, confirmed, look } = wildShard();
    for (const name of ['orders.a', 'places', 'orders.named', 'orders.'.padEnd(1025, 'x')])
      redis.names.add(name);
    await confirmed();
    expect(names()).toEqual(['orders.a']);
    redis.names.add('orders.b');
    await look();
    expect(names()).toEqual(['orders.a', 'orders.b']);
    expect(states.map(({ spec }) => spec.pattern)).toEqual(['orders.a', 'orders.b']);
  });

  it('are not more than may be, and the others are told; one that goes makes room', async () => {
    const { redis, logged, streams, open, names, confirmed, later } = wildShard(1);
    redis.names.add('orders.a').add('orders.b');
    await confirmed();
    expect([names(), streams.omitted]).toEqual([['orders.a'], 1]);
    expect(new Set(logged)).toEqual(new Set(['WILDCARD_STREAMS']));
    redis.retired.add('orders.a');
    await later();
    redis.names.delete('orders.a');
    expect([names(), [...open]]).toEqual([[], []]);
    await later();
    expect([names(), streams.omitted]).toEqual([['orders.b'], 0]);
  });

  it.each([{ kind: 'taken', to: 'other' }, { kind: 'gone' }, { kind: 'wrong' }] as const)(
    'are not read where the claim is $kind',
    async (claim) => {
      const { redis, open, names, states, confirmed } = wildShard();
      redis.claims = () => claim;
      redis.names.add('orders.a');
      await confirmed();
      expect([names(), states, [...open]]).toEqual([[], [], []]);
      expect(new Set(redis.looked)).toEqual(new Set([4000]));
    },
  );

  it('are claimed with what is announced of them', async () => {
    const { redis, confirmed } = wildShard();
    redis.names.add('orders.a');
    await confirmed();
    expect(redis.claimed).toEqual([
      {
        ...{ name: 'orders.a', texts: ['orders.*'], listens: true, groupTtl: 1000, ttl: 1000 },
        again: undefined,
        announcement: {
          ...{ pattern: 'orders.a', once: false, spread: undefined, wild: true, packs: true },
        },
      },
    ]);
  });

  it('are looked at all again when the lease was in doubt, and the look does not count', async () => {
    const { redis, names, confirmed, look } = wildShard();
    redis.names.add('orders.a').add('orders.b');
    redis.claims = (name) =>
      name === 'orders.a' ? { kind: 'fenced' } : { kind: 'ok', from: '1-0' };
    await confirmed();
    expect([names(), redis.looked]).toEqual([['orders.b'], []]);
    redis.claims = () => ({ kind: 'ok', from: '1-0' });
    await look();
    expect([names(), redis.looked]).toEqual([['orders.b', 'orders.a'], [4000]]);
  });

  it('are read although Redis refuses something about another one', async () => {
    const { redis, logged, names, confirmed } = wildShard();
    redis.names.add('orders.a').add('orders.b');
    redis.claims = (name) => {
      if (name === 'orders.a') throw new CommandFailure('refused', 'WRONGTYPE', 'WRONGTYPE of a');
      return { kind: 'ok', from: '1-0' };
    };
    await confirmed();
    expect([names(), redis.looked[0]]).toEqual([['orders.b'], 4000]);
    expect(logged).toContain('WILDCARD_UNREADABLE orders.a');
  });

  it('wait for the next look when the connection is lost', async () => {
    const { redis, names, confirmed, look } = wildShard();
    redis.names.add('orders.a');
    redis.claims = () => {
      throw new CommandFailure('lost', '', 'connection lost');
    };
    await confirmed();
    expect([names(), redis.looked]).toEqual([[], []]);
    redis.claims = () => ({ kind: 'ok', from: '1-0' });
    await look();
    expect([names(), redis.looked]).toEqual([['orders.a'], [4000]]);
  });

  it('are given up when they were removed', async () => {
    const { redis, streams, names, states, confirmed } = wildShard();
    redis.names.add('orders.a').add('orders.b');
    await confirmed();
    redis.names.delete('orders.a');
    await streams.check();
    expect([names(), states.length]).toEqual([['orders.b'], 1]);
  });

  it('are removed only when results that were kept of their calls have gone', async () => {
    const { redis, confirmed } = wildShard();
    redis.names.add('orders.a');
    await confirmed();
    expect(redis.idle).toBeGreaterThanOrEqual(2 * RESULT_LIFE);
  });

  it('stay when Redis has lost its memory, and become known again with the next announcement', async () => {
    const { redis, streams, names, confirmed } = wildShard();
    redis.names.add('orders.a');
    await confirmed();
    expect(redis.remembered).toEqual([]);
    redis.names.clear();
    redis.knowsGroup = false;
    await streams.check();
    expect([names(), redis.remembered]).toEqual([['orders.a'], ['orders.a']]);
  });

  it('take only their own pattern with them', async () => {
    const { redis, patterns, streams, read, states, confirmed } = wildShard();
    redis.names.add('orders.a').add('orders.b');
    await confirmed();
    // A caller with other lanes sent one pattern in the stream of the other.
    const [a, b] = ['orders.a', 'orders.b'].map((name) => read.get(name) as StreamState);
    expect(a?.patternOf('orders.b')?.spec.pattern).toBe('orders.b');
    expect(b?.patternOf('orders.a')?.spec.pattern).toBe('orders.a');
    redis.names.delete('orders.a');
    await streams.check();
    expect(states.map(({ spec }) => spec.pattern)).toEqual(['orders.b']);
    expect([patterns.has('orders.a'), patterns.has('orders.b')]).toEqual([false, true]);
    expect([...(b?.patterns.keys() ?? [])]).toEqual(['orders.b']);
  });

  it('are not waited for when the instance ends', async () => {
    const { redis, streams, names, confirmed } = wildShard();
    await confirmed();
    redis.names.add('orders.a');
    streams.told('');
    await streams.stop();
    streams.told('orders.a');
    expect(names()).toEqual([]);
  });

  it('do not come any more when the instance ends, though its lease is renewed', async () => {
    const { redis, streams, names, confirmed } = wildShard();
    await confirmed();
    await streams.stop();
    redis.names.add('orders.a');
    await confirmed();
    expect(names()).toEqual([]);
  });

  it('are dealt with one by one when they are told, without a look at others, and said to have come', async () => {
    const { redis, streams, names, came, confirmed, pass } = wildShard();
    await confirmed();
    redis.looks = 0;
    redis.names.add('orders.b');
    streams.told('orders.a');
    await pass(100);
    expect([names(), redis.looks, came]).toEqual([['orders.a'], 0, [1]]);
    streams.told('');
    await pass(100);
    expect([names(), redis.looks]).toEqual([['orders.a', 'orders.b'], 1]);
  });

  it('are looked for at a pace, however often it is told that there are some', async () => {
    const { redis, streams, confirmed, pass } = wildShard();
    await confirmed();
    redis.looks = 0;
    for (let turn = 0; turn < 100; turn++) {
      streams.told('');
      await pass(10);
    }
    expect(redis.looks).toBeGreaterThan(5);
    expect(redis.looks).toBeLessThanOrEqual(20);
  });

  it('of which another group has the requests are asked about in turn, and so are those that are read', async () => {
    const { redis, confirmed, later } = wildShard(2000, false);
    for (let i = 0; i < 1200; i++) redis.names.add(`orders.${i}`);
    redis.claims = (name) =>
      Number(name.slice(7)) < 600 ? { kind: 'ok', from: '1-0' } : { kind: 'taken', to: 'other' };
    await confirmed();
    expect(new Set(redis.claimed.map(({ name }) => name)).size).toBe(1200);
    const asked = new Set<string>();
    for (const most of [1000, 200, 1000]) {
      redis.claimed.length = 0;
      await later();
      for (const { name } of redis.claimed) asked.add(name);
      expect(redis.claimed.length).toBeLessThanOrEqual(most);
    }
    expect(asked.size).toBe(1200);
  });

  it('whose events are handled are all read with one look, though there are more than have a turn', async () => {
    const { redis, names, confirmed, later } = wildShard(2000);
    for (let i = 0; i < 1200; i++) redis.names.add(`orders.${i}`);
    redis.claims = () => ({ kind: 'wrong' });
    await confirmed();
    redis.claims = () => ({ kind: 'ok', from: '1-0' });
    redis.looked.length = 0;
    await later();
    expect([names().length, redis.looked]).toEqual([1200, [4000]]);
  });

  it('that are told during a long look do not wait for its end', async () => {
    const { redis, streams, names, look, confirmed } = wildShard();
    await confirmed();
    redis.names.add('orders.last');
    redis.pages = 3;
    redis.onPage = (page) => {
      if (page === 2) streams.told('orders.told');
    };
    await look();
    expect(names()[0]).toBe('orders.last');
    expect(redis.claimed.map(({ name }) => name).slice(0, 2)).toEqual([
      'orders.last',
      'orders.told',
    ]);
    expect(redis.pagesAtClaim.get('orders.told')).toBeLessThan(3);
  });

  it('are counted as left out until a look has seen that they are not', async () => {
    const { redis, streams, confirmed, later } = wildShard(1);
    redis.names.add('orders.a').add('orders.b').add('orders.c');
    await confirmed();
    expect(streams.omitted).toBe(2);
    const counted: number[] = [];
    redis.onPage = () => counted.push(streams.omitted);
    redis.names.delete('orders.c');
    await later();
    expect([counted, streams.omitted]).toEqual([[2], 1]);
  });

  it('are announced as answered while there is room for one more', async () => {
    const { redis, confirmed, later } = wildShard(1);
    await confirmed();
    expect(redis.announced).toEqual([[true]]);
    redis.announced.length = 0;
    redis.names.add('orders.a');
    await confirmed();
    expect(redis.announced).toEqual([[true], [false]]);
    redis.announced.length = 0;
    redis.retired.add('orders.a');
    await later();
    expect(redis.announced).toEqual([[true]]);
  });

  it('are asked to go twenty at a time, or a part of all where there are very many', async () => {
    const { redis, confirmed, later } = wildShard(1);
    for (let i = 0; i < 3000; i++) redis.names.add(`places.${i}`);
    await confirmed();
    redis.asked.length = 0;
    await later();
    await later();
    expect(redis.asked).toEqual([...redis.names].slice(20, 140));
  });
});
