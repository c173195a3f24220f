import { LEFT, wildShard, type WildShard } from '../../../../../../test/support/wild-shard.js';
import type { StreamState } from '../intake/stream-state.js';

describe('requests of streams that wildcards stand for', () => {
  it('whose requests are left to another group are asked for again, until that has gone', async () => {
    const { redis, read, answered, states, confirmed, later } = wildShard();
    redis.names.add('orders.a');
    redis.claims = () => LEFT;
    await confirmed();
    expect(states.map(({ spec }) => spec.answers)).toEqual([false]);
    await later();
    expect([redis.claimed.length, answered]).toEqual([2, []]);
    redis.claims = () => ({ kind: 'ok', from: '1-0' });
    await later();
    expect(answered).toEqual(['orders.a']);
    expect(states.map(({ spec }) => spec.answers)).toEqual([true]);
    expect(read.get('orders.a')?.kind).toBe('r');
    await later();
    expect(redis.claimed.map(({ again }) => again)).toEqual([undefined, 'anew', 'anew', 'look']);
  });

  it('are left to another group that answers them too, once that is seen', async () => {
    const { redis, read, states, settled, confirmed, later } = wildShard();
    redis.names.add('orders.a');
    await confirmed();
    const [state] = states;
    redis.claims = () => LEFT;
    redis.claimed.length = 0;
    await later();
    expect([state?.spec.answers, read.get('orders.a')?.kind]).toEqual([false, 'e']);
    expect(redis.claimed.map(({ again }) => again)).toEqual(['look', 'anew']);
    // It is left when no read can bring more of it.
    expect(settled).toEqual([1]);
    redis.claims = () => ({ kind: 'ok', from: '1-0' });
    await later();
    expect([state?.spec.answers, read.get('orders.a')?.kind]).toEqual([true, 'r']);
  });

  it('are claimed anew at once when it is told that another group has them, which gets what was not read yet', async () => {
    const { redis, streams, read, states, confirmed, look } = wildShard();
    redis.names.add('orders.a').add('orders.b');
    await confirmed();
    redis.claimed.length = 0;
    redis.claims = () => ({ ...LEFT, upTo: '5-3' });
    streams.told('orders.b');
    streams.told('places');
    await look();
    expect(redis.claimed.map(({ name, again }) => [name, again])).toEqual([['orders.b', 'anew']]);
    const [a, b] = ['orders.a', 'orders.b'].map((name) => read.get(name) as StreamState);
    const [, state] = states;
    const answers = (id: string) => state?.spec.answers === true || b?.goesOnWith(id) === true;
    expect([a?.kind, b?.kind]).toEqual(['r', 'e']);
    expect([answers('5-3'), answers('5-4'), answers('6-0')]).toEqual([true, false, false]);
    redis.claims = () => ({ kind: 'ok', from: '1-0' });
    streams.told('orders.b');
    await look();
    expect(answers('6-0')).toBe(true);
    redis.claims = () => LEFT;
    streams.told('orders.b');
    await look();
    expect(answers('5-3')).toBe(false);
  });

  it('are neither read nor left while other instances of the group may be handed more of them', async () => {
    const { redis, read, states, names, look, confirmed, streams } = wildShard();
    redis.names.add('orders.a');
    await confirmed();
    let asked = 0;
    redis.claims = () => ({ ...LEFT, upTo: `${++asked}-0`, isShared: asked < 3 });
    streams.told('orders.a');
    await look();
    expect([asked, names()]).toEqual([3, ['orders.a']]);
    const stream = read.get('orders.a');
    expect([stream?.isOut, stream?.answeredUpTo, states.length]).toEqual([false, '3-0', 1]);
  });

  it.each([
    ['the lease was lost', ({ context }: WildShard) => context.identity.replace()],
    ['the lease was gone', ({ streams }: WildShard) => streams.doubt()],
    [
      'Redis has lost its memory, which a read finds out first',
      async ({ redis, streams }: WildShard) => {
        redis.knowsGroup = false;
        redis.holdsLease = false;
        await streams.check();
        redis.holdsLease = true;
      },
    ],
  ] as const)('are neither read nor announced until they are claimed anew: %s', async (_, lose) => {
    const all = wildShard();
    const { redis, read, states, refreshed, confirmed } = all;
    redis.names.add('orders.a').add('orders.b');
    redis.claims = (name) => (name === 'orders.b' ? LEFT : { kind: 'ok', from: '1-0' });
    await confirmed();
    await lose(all);
    const outs = () => [...read.values()].map(({ isOut }) => isOut);
    expect([states.map(({ spec }) => spec.pattern), outs()]).toEqual([['orders.b'], [true, false]]);
    expect([read.get('orders.a')?.kind, refreshed]).toEqual(['e', [[true, false]]]);
    redis.claimed.length = 0;
    await confirmed();
    expect(redis.claimed.map(({ name, again }) => [name, again])).toEqual([['orders.a', 'anew']]);
    expect([states.map(({ spec }) => spec.pattern), outs()]).toEqual([
      ['orders.b', 'orders.a'],
      [false, false],
    ]);
    expect([read.get('orders.a')?.kind, refreshed.at(-1)]).toEqual(['r', [false, false]]);
  });

  it('are asked about ever later while other instances of the group have not left them', async () => {
    const { redis, streams, confirmed, pass } = wildShard();
    redis.names.add('orders.a').add('orders.b');
    await confirmed();
    redis.claims = () => ({ ...LEFT, upTo: '1-0', isShared: true });
    redis.claimed.length = 0;
    streams.told('orders.a');
    await pass(10_000);
    expect(redis.claimed.length).toBeGreaterThan(9);
    expect(redis.claimed.length).toBeLessThan(16);
    // What comes meanwhile does not wait as long.
    redis.claims = (name) => (name === 'orders.c' ? { kind: 'ok', from: '1-0' } : LEFT);
    streams.told('orders.c');
    await pass(100);
    expect(redis.claimed.at(-1)?.name).toBe('orders.c');
    redis.claims = () => LEFT;
    await pass(1000);
    const asked = redis.claimed.length;
    await pass(10_000);
    expect(redis.claimed.length).toBe(asked);
  });

  it('that are in doubt are withdrawn with the others when the instance leaves', async () => {
    const { context, redis, streams, states, confirmed } = wildShard();
    redis.names.add('orders.a').add('orders.b');
    await confirmed();
    streams.doubt();
    expect(states).toEqual([]);
    await streams.leaving(context.identity.owner);
    expect(states.map(({ spec }) => spec.pattern)).toEqual(['orders.a', 'orders.b']);
  });

  it('stay when a claim finds out first that Redis has lost its memory', async () => {
    const { redis, streams, read, names, pass, confirmed } = wildShard();
    redis.names.add('orders.a');
    await confirmed();
    redis.knowsGroup = false;
    redis.claims = () => ({ kind: 'gone' });
    streams.told('orders.a');
    await pass(100);
    expect([names(), read.get('orders.a')?.isOut]).toEqual([['orders.a'], true]);
    redis.claims = () => ({ kind: 'ok', from: '1-0' });
    await confirmed();
    expect([redis.remembered, read.get('orders.a')?.isOut]).toEqual([['orders.a'], false]);
  });

  it('stay in doubt while Redis does not say whose they are, and go when they are gone', async () => {
    const { redis, streams, read, names, confirmed } = wildShard();
    redis.names.add('orders.a');
    await confirmed();
    streams.doubt();
    redis.looked.length = 0;
    redis.claims = () => ({ kind: 'fenced' });
    await confirmed();
    expect([read.get('orders.a')?.isOut, redis.looked]).toEqual([true, []]);
    redis.names.delete('orders.a');
    redis.claims = () => ({ kind: 'gone' });
    await confirmed();
    expect(names()).toEqual([]);
  });
});
