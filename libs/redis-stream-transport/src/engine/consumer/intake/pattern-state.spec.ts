import { announcementsOf, heardBy, PatternState, type PatternSpec } from './pattern-state.js';

const bounded = (concurrency: number | undefined) =>
  new PatternState({ concurrency } as PatternSpec);

/** A handler of this depth begins; if it is to wait for a call, it does so at once. */
function begins(pattern: PatternState, depth: number, waits: boolean): void {
  pattern.running++;
  if (waits) pattern.lends(depth, 1);
}

it('takes no packs where it has classes of importance', () => {
  const plain = new PatternState({} as PatternSpec);
  const classes = new PatternState({ priorities: true } as PatternSpec);
  expect([plain, classes].map((pattern) => pattern.takesPacks(100))).toEqual([true, false]);
});

describe('the bound of a pattern', () => {
  it('holds handlers that do not wait, whatever their depth', () => {
    const pattern = bounded(2);
    begins(pattern, 0, true);
    begins(pattern, 0, false);
    expect([pattern.admits(0), pattern.admits(1), pattern.nestedRoom]).toEqual([false, true, 1]);
    begins(pattern, 1, false);
    expect([pattern.admits(1), pattern.admits(5), pattern.nestedRoom]).toEqual([false, false, 0]);
    pattern.lends(0, -1);
    expect([pattern.admits(1), pattern.isLent]).toEqual([false, false]);
  });

  it('is lent to deeper calls only: a handler waits for no others', () => {
    const pattern = bounded(1);
    begins(pattern, 2, true);
    expect([1, 2, 3].map((depth) => pattern.admits(depth))).toEqual([false, false, true]);
    expect([pattern.isFull, pattern.isLent]).toEqual([true, true]);
    begins(pattern, 3, true);
    expect([3, 4].map((depth) => pattern.admits(depth))).toEqual([false, true]);
  });

  it('does not exist unless it is set', () => {
    const pattern = bounded(undefined);
    begins(pattern, 1, true);
    expect([pattern.admits(0), pattern.admits(1), pattern.isLent]).toEqual([true, true, false]);
    expect(pattern.nestedRoom).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('packs', () => {
  const taking = (spec: Partial<PatternSpec>, took: readonly number[] = []) => {
    const pattern = new PatternState({
      concurrency: undefined,
      once: false,
      ...spec,
    } as PatternSpec);
    for (const ms of took) pattern.took(ms);
    return pattern.takesPacks(200);
  };

  it('P17: takes packs only where there is room for all of their calls, and handlers are short', () => {
    expect([taking({}), taking({ concurrency: 64 })]).toEqual([true, true]);
    expect(taking({ concurrency: 63 })).toBe(false);
    expect([taking({ once: true }), taking({ once: true, concurrency: 63 })]).toEqual([
      true,
      false,
    ]);
    expect(taking({}, Array(160).fill(40))).toBe(true);
    expect(taking({}, Array(160).fill(60))).toBe(false);
    // One long run among short ones says little.
    expect(taking({}, [...Array(160).fill(1), 1500])).toBe(true);
    // It takes them again when its handlers have become short.
    expect(taking({}, [...Array(160).fill(60), ...Array(160).fill(1)])).toBe(true);
  });

  it('are announced where the process has room as well', () => {
    const pattern = new PatternState({ pattern: 'p', answers: true, once: false } as PatternSpec);
    const events = new PatternState({ pattern: 'e', answers: false } as PatternSpec);
    const announced = (concurrency: number) => announcementsOf([pattern, events], concurrency);
    expect(announced(64)).toEqual([{ pattern: 'p', once: false, packs: true }]);
    expect(announced(63)).toEqual([{ pattern: 'p', once: false, packs: false }]);
  });
});

test('a stream is heard with packs where none of its patterns that has events is slow', () => {
  const state = (pattern: string, stream: string, hears: boolean, ms = 0) => {
    const made = new PatternState({ pattern, stream, hears } as PatternSpec);
    for (let i = 0; i < 100; i++) made.took(ms);
    return made;
  };
  const states = [
    ...[state('a', 'lane', true), state('b', 'lane', true, 1000), state('c', 'lane', true)],
    ...[state('d', 'd', true), state('e', 'e', false)],
  ];
  const heard = (concurrency: number) =>
    heardBy(states, concurrency).map(({ pattern, packs, hears }) => [pattern, packs, hears]);
  expect(heard(64)).toEqual([
    ['lane', false, true],
    ['d', true, true],
  ]);
  expect(heard(63)).toEqual([
    ['lane', false, true],
    ['d', false, true],
  ]);
});
