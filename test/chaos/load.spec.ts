import { burstsOf, callsOf } from '../../chaos/processes/load.js';
import { Pace } from '../../chaos/processes/pace.js';
import { withDefaults } from '../../chaos/fleet/plan.js';
import { scenarios } from '../../chaos/scenarios/index.js';
import { Random } from '../../tools/random.js';
import { Size } from '../../chaos/kit/size.js';

const time = vi.hoisted(() => ({ now: 0 }));
vi.mock('../../chaos/kit/time.js', () => ({ now: () => time.now }));

/** Calls that are made in so many milliseconds, and the most of them at once. */
function played(
  rate: number,
  sizes: readonly number[],
  ms: number,
): { calls: number; most: number } {
  const bursts = burstsOf(sizes, new Random(7));
  const pace = new Pace(rate);
  let calls = 0;
  let most = 0;
  for (const end = time.now + ms; time.now < end; time.now += 4) {
    if (!pace.isDue()) continue;
    const size = bursts.next().value;
    pace.made(size);
    calls += size;
    most = Math.max(most, size);
  }
  return { calls, most };
}

it('bursts are of all sizes of the plan, and make as many calls as lone ones do', () => {
  expect(played(200, [1], 60_000)).toEqual({ calls: expect.closeTo(12_000, -2), most: 1 });
  const { calls, most } = played(200, [1, 4, 16, 100], 60_000);
  expect(most).toBe(100);
  expect(Math.abs(calls - 12_000)).toBeLessThanOrEqual(100);
});

it('after a stall no more is made up for than the calls of a quarter of a second', () => {
  const pace = new Pace(100);
  time.now += 60_000;
  let made = 0;
  for (; pace.isDue(); made++) pace.made(1);
  expect(made).toBe(26);
});

it('a burst of a seed is drawn again', () => {
  const drawn = (seed: number) => {
    const bursts = burstsOf([1, 4, 16, 100], new Random(seed));
    return Array.from({ length: 12 }, () => bursts.next().value);
  };
  expect(drawn(7)).toEqual(drawn(7));
  expect(drawn(7)).not.toEqual(drawn(8));
});

it('calls that wildcards stand for go to a new pattern after so many', () => {
  const mix = [{ weight: 1, pattern: 'fresh', ms: [0, 0] as [number, number], fresh: 2 }];
  const calls = callsOf({ name: 'c', random: new Random(7), mix });
  const drawn = Array.from({ length: 5 }, () => calls.next().value);
  expect(drawn.map(({ to }) => to)).toEqual([0, 0, 1, 1, 2].map((n) => `fresh.c.${n}`));
  expect(drawn[0]!.pattern).toBe('fresh');
});

const plans = scenarios.map(({ name, plan }) => ({
  name,
  plan: withDefaults(plan({ size: new Size('pr'), random: new Random(7) })),
}));

test.each(plans)('$name: its largest burst fits what may be open', ({ plan }) => {
  const { cap, callers, bursts } = plan;
  expect(Math.max(...bursts)).toBeLessThanOrEqual(Math.ceil(cap / callers));
});

test.each(plans.filter(({ plan }) => plan.expect.packed))(
  '$name: has room for packs, and handlers that are short on average',
  ({ plan }) => {
    const work = plan.mix.filter(({ pattern }) => pattern === 'work');
    const weight = work.reduce((sum, kind) => sum + kind.weight, 0);
    const short = work.filter(({ ms: [from, to] }) => (from + to) / 2 <= 50);
    expect(plan.concurrency).toBeGreaterThanOrEqual(64);
    expect(short.reduce((sum, kind) => sum + kind.weight, 0)).toBeGreaterThan(0.9 * weight);
  },
);
