import { FakeClock } from '../../../../test/support/fake-clock.js';
import type { RateLimitedLogger } from './rate-limited-logger.js';
import { ShardsInReach, type Reach } from './shards-in-reach.js';

/** Shards that come up, go down and fail when a test says so. */
function shards(count: number) {
  const all = Array.from({ length: count }, (_, i) => ({
    keys: { tag: `{t:${i}}` },
    isUp: false,
    obstacle: undefined as Error | undefined,
  }));
  const clock = new FakeClock();
  const lines: string[] = [];
  const say = (_: string, line: string) => void lines.push(line);
  const logger = { log: say, warn: say, error: say } as unknown as RateLimitedLogger;
  const told: Reach[] = [];
  const reach = new ShardsInReach({
    ...{ clock, logger, shards: () => all },
    tell: (now) => void told.push(now),
  });
  let begun = false;
  reach.begun.then(
    () => (begun = true),
    () => undefined,
  );
  return {
    ...{ reach, clock, lines, told },
    up: (...numbers: number[]) => {
      for (const i of numbers) all[i]!.isUp = true;
      reach.changed();
    },
    down: (i: number) => {
      all[i]!.isUp = false;
      reach.changed();
    },
    fail: (i: number, message: string) => (all[i]!.obstacle = new Error(message)),
    hasBegun: async () => {
      await Promise.resolve();
      return begun;
    },
  };
}

describe('a start', () => {
  it('is over when all shards are up, and says nothing of a part before', async () => {
    const { up, hasBegun, told, lines, clock } = shards(2);
    up(0);
    expect(await hasBegun()).toBe(false);
    up(1);
    expect(await hasBegun()).toBe(true);
    expect(told).toEqual(['all']);
    expect(lines).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  it('goes on without those that have failed, two seconds after the first is up, and says why', async () => {
    const { up, fail, hasBegun, told, lines, clock } = shards(4);
    for (const i of [1, 2]) fail(i, 'refused');
    fail(3, 'silent');
    up(0);
    clock.pass(1900);
    expect(await hasBegun()).toBe(false);
    clock.pass(200);
    expect(await hasBegun()).toBe(true);
    expect(told).toEqual(['some']);
    expect(lines).toEqual([
      'goes on without 3 of 4 shards and tries them again: {t:1}, {t:2}: refused; {t:3}: silent',
    ]);
    up(1, 2, 3);
    expect(told).toEqual(['some', 'all']);
    expect(lines[1]).toBe('all 4 shards can be used now');
  });

  it('waits for a shard that has not failed yet', async () => {
    const { up, fail, hasBegun, clock } = shards(2);
    up(0);
    clock.pass(5000);
    expect(await hasBegun()).toBe(false);
    fail(1, 'silent');
    clock.pass(500);
    expect(await hasBegun()).toBe(true);
  });

  it('waits as long as no shard is up, and is hopeless when each has failed', async () => {
    const { reach, fail, up, down, hasBegun, clock } = shards(2);
    fail(0, 'refused');
    expect(reach.isHopeless).toBe(false);
    fail(1, 'refused');
    expect(reach.isHopeless).toBe(true);
    up(0);
    expect(reach.isHopeless).toBe(false);
    down(0);
    clock.pass(60_000);
    expect(await hasBegun()).toBe(false);
  });

  it('that has failed leaves no timer', async () => {
    const { reach, up, clock } = shards(2);
    up(0);
    reach.fail(new Error('no'));
    await expect(reach.begun).rejects.toThrow('no');
    expect(clock.timers).toBe(0);
  });
});

it('later each change is told once', () => {
  const { up, down, told } = shards(2);
  up(0, 1);
  down(1);
  down(1);
  down(0);
  up(1);
  up(0);
  expect(told).toEqual(['all', 'some', 'none', 'some', 'all']);
});
