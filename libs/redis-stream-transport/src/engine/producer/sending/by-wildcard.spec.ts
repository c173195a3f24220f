import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { Glob } from '../../../protocol/glob.js';
import type { MatchedPattern } from '../../../redis/caller-broker.js';
import type { Call } from '../call.js';
import { ByWildcard } from './by-wildcard.js';

function setup(...answers: (readonly string[] | Error)[]) {
  const clock = new FakeClock();
  const sent: string[] = [];
  const refused: string[] = [];
  const left = new Set<string>();
  const asked = { wildcards: 0, patterns: [] as string[] };
  const shard = {
    answeredWildcards: async () => {
      const answer = answers[asked.wildcards++] ?? [];
      if (answer instanceof Error) throw answer;
      return answer.map((text) => ({ group: 'wild', groupTtl: 1000, text }));
    },
    answerers: async (patterns: readonly MatchedPattern[]) => {
      asked.patterns.push(...patterns.map(({ pattern }) => pattern));
      return patterns.map(({ pattern }) => !left.has(pattern));
    },
  };
  const wildcards = new ByWildcard(clock, {
    shardFor: () => shard,
    send: ({ pattern }) => sent.push(pattern),
    refused: ({ pattern }) => refused.push(pattern),
  });
  const call = (pattern: string, isInLane = false) =>
    ({
      ...{ pattern, stream: pattern, state: 'sent', copies: 1, expiresAt: clock.now() + 5000 },
      request: { stream: isInLane ? 'lane' : pattern, namePattern: true },
    }) as unknown as Call;
  return { clock, sent, refused, wildcards, call, asked, left };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('calls that no instance answers by name', () => {
  it('are sent again if a wildcard answers them, and stored in any case then', async () => {
    const { wildcards, call, sent, refused } = setup(['orders.*']);
    const first = call('orders.price');
    expect(wildcards.takes(first, 'NONE')).toBe(true);
    expect(first).toMatchObject({ state: 'queued', copies: 0 });
    expect(wildcards.takes(call('places.all'), 'NEVER')).toBe(true);
    await turn();
    expect([sent, refused]).toEqual([['orders.price'], ['places.all']]);
    expect(first.request.grace).toBe('wait');
  });

  it('are refused where the group of the wildcard leaves them to another one that is away', async () => {
    const { wildcards, call, sent, refused, left } = setup(['orders.*']);
    left.add('orders.named');
    wildcards.takes(call('orders.named'), 'NONE');
    wildcards.takes(call('orders.price'), 'NONE');
    await turn();
    expect([sent, refused]).toEqual([['orders.price'], ['orders.named']]);
    expect(wildcards.takes(call('orders.named'), 'NONE')).toBe(false);
  });

  it('are asked about ten times a second at most, and about each pattern once', async () => {
    const { clock, wildcards, call, sent, asked } = setup(['orders.*'], []);
    wildcards.takes(call('a'), 'NONE');
    await turn();
    expect(wildcards.takes(call('b'), 'NONE')).toBe(false);
    for (const _ of [1, 2]) {
      expect(wildcards.takes(call('orders.b'), 'NONE')).toBe(true);
      await turn();
    }
    expect([sent, asked]).toEqual([
      ['orders.b', 'orders.b'],
      { wildcards: 1, patterns: ['orders.b'] },
    ]);
    clock.pass(101);
    expect(wildcards.takes(call('orders.c'), 'NONE')).toBe(true);
    await turn();
    expect([sent.length, asked.wildcards]).toEqual([2, 2]);
  });

  it('are looked at too when they come while Redis is asked', async () => {
    const { wildcards, call, sent, refused } = setup(['orders.*']);
    wildcards.takes(call('orders.a'), 'NONE');
    await Promise.resolve();
    wildcards.takes(call('orders.b'), 'NONE');
    wildcards.takes(call('places'), 'NONE');
    await turn();
    expect([sent, refused]).toEqual([['orders.a', 'orders.b'], ['places']]);
  });

  it('are refused when Redis does not say', async () => {
    const { wildcards, call, refused } = setup(new Error('connection lost'));
    wildcards.takes(call('orders.a'), 'NEVER');
    await turn();
    expect(refused).toEqual(['orders.a']);
  });

  it('are left alone where the reason is another, in lanes, and when they have ended', async () => {
    const { wildcards, call, sent, refused } = setup(['*']);
    expect(wildcards.takes(call('a'), 'FULL')).toBe(false);
    expect(wildcards.takes(call('a', true), 'NONE')).toBe(false);
    const ended = call('b');
    wildcards.takes(ended, 'NONE');
    ended.state = 'settled';
    await turn();
    expect([sent, refused]).toEqual([[], []]);
  });

  it('compares no text that cannot be a pattern', async () => {
    const { wildcards, call, refused } = setup(['*'.repeat(1_000_000)]);
    wildcards.takes(call('a'), 'NONE');
    await turn();
    expect(refused).toEqual(['a']);
  });

  it.each([
    ['none', []],
    ['many', Array.from({ length: 500 }, (_, i) => `orders.${i}.*`)],
  ])('are asked about once a second where there are %s', async (_, texts) => {
    const { clock, wildcards, call, asked, refused } = setup(texts, texts, texts);
    wildcards.takes(call('a'), 'NONE');
    await turn();
    clock.pass(999);
    expect(wildcards.takes(call('b'), 'NONE')).toBe(false);
    clock.pass(1);
    expect(wildcards.takes(call('b'), 'NONE')).toBe(true);
    await turn();
    expect([asked.wildcards, refused]).toEqual([2, ['a', 'b']]);
  });

  it('are compared with the same thousand wildcards, in whatever order these are listed', async () => {
    const texts = Array.from({ length: 1200 }, (_, i) => `p${String(i).padStart(4, '0')}*`);
    const { clock, wildcards, call, sent, refused } = setup(texts, texts.toReversed());
    for (const _ of [1, 2]) {
      wildcards.takes(call('p0000'), 'NONE');
      wildcards.takes(call('p1100'), 'NONE');
      await turn();
      clock.pass(1001);
    }
    expect([sent, refused]).toEqual([
      ['p0000', 'p0000'],
      ['p1100', 'p1100'],
    ]);
  });

  it('are compared once while an answer counts, also where nothing stands for them', async () => {
    const { wildcards, call } = setup(['orders.*']);
    const compared = vi.spyOn(Glob.prototype, 'matches');
    onTestFinished(() => compared.mockRestore());
    wildcards.takes(call('places'), 'NONE');
    await turn();
    const before = compared.mock.calls.length;
    for (let i = 0; i < 10; i++) expect(wildcards.takes(call('places'), 'NONE')).toBe(false);
    expect(wildcards.takes(call('towns'), 'NONE')).toBe(false);
    expect(wildcards.takes(call('towns'), 'NONE')).toBe(false);
    expect(compared.mock.calls.length - before).toBe(1);
  });
});
