import fc from 'fast-check';
import { ClassTurns } from './class-turns.js';
import { PatternState, type PatternSpec } from './pattern-state.js';
import { readPlan } from './plans.js';
import type { ReadPlan } from './read-plan.js';
import { RANK, StreamState, type Rank } from './stream-state.js';

const RANKS: readonly Rank[] = [RANK.high, RANK.normal, RANK.low];

/** A plan over the streams of one pattern, and how many entries each of them holds. */
function pattern(concurrency: number, bound?: number, more: readonly StreamState[] = []) {
  const state = new PatternState({ concurrency: bound } as PatternSpec);
  const streams = RANKS.map((rank) => {
    const stream = new StreamState(`s${rank}`, new Map(), rank, 's1');
    stream.patterns.set('s1', state);
    return stream;
  });
  const all = [...streams, ...more];
  const held = new Map(all.map((stream) => [stream, 0]));
  const plan = readPlan(all, concurrency);
  return { plan, streams, held, state };
}

/** One read, as Redis would answer it. Returns what came, by rank; undefined: nothing can be read. */
function read(
  plan: ReadPlan,
  held: Map<StreamState, number>,
  free: number,
  members = 1,
  ahead = 0,
) {
  const ask = plan.next({ free, members, mayPark: true, ahead });
  if (ask === undefined) return undefined;
  const entries = new Map<StreamState, number>();
  let total = 0;
  for (const stream of ask.streams) {
    const came = Math.min(ask.count, held.get(stream)!);
    if (came === 0) continue;
    held.set(stream, held.get(stream)! - came);
    entries.set(stream, came);
    total += came;
  }
  plan.noted(ask, { entries, total, took: 1 }, members);
  return { ask, total, ranks: [...entries].flatMap(([{ rank }, n]) => Array<Rank>(n).fill(rank)) };
}

/** Fills the slots: reads until one waits or nothing is free. Returns the ranks of what was read. */
function fill(plan: ReadPlan, held: Map<StreamState, number>, free: number, members = 1): Rank[] {
  const came: Rank[] = [];
  while (came.length < free) {
    const one = read(plan, held, free - came.length, members);
    if (one === undefined || (one.ask.blocks && one.total === 0)) break;
    came.push(...one.ranks);
  }
  return came;
}

describe.each([1, 2, 5, 64])('with %i slots', (slots) => {
  it('takes what matters more before a backlog of what matters less', () => {
    const { plan, streams, held } = pattern(slots);
    const [high, , low] = streams as [StreamState, StreamState, StreamState];
    held.set(low, 1000);
    expect(fill(plan, held, slots)).toEqual(Array<Rank>(slots).fill(RANK.low));
    for (let i = 0; i < 20; i++) {
      expect(fill(plan, held, 1)).toEqual([RANK.low]);
      held.set(high, 1);
      // With one slot a read of all may be the first to find it, and brings one of the others too.
      expect(fill(plan, held, 1)[0]).toBe(RANK.high);
    }
  });

  it('never reads more than can start, after a first read that finds several classes', () => {
    const { plan, streams, held } = pattern(slots);
    for (const stream of streams) held.set(stream, 1000);
    expect(read(plan, held, slots)!.total).toBeLessThanOrEqual(Math.max(3, slots));
    for (let i = 0; i < 100; i++) {
      const one = read(plan, held, 1 + (i % slots));
      expect(one!.total).toBeLessThanOrEqual(1 + (i % slots));
    }
  });

  it('gives each class its share while all have more than can start', () => {
    const { plan, streams, held } = pattern(slots);
    for (const stream of streams) held.set(stream, 100_000);
    const counts = [0, 0, 0];
    for (let i = 0; i < 1000; i++) for (const rank of fill(plan, held, slots)) counts[rank]! += 1;
    const all = counts[0]! + counts[1]! + counts[2]!;
    // Of 17 one is of the lowest class; of the others one in five of the middle one.
    expect(counts[RANK.low]! / all).toBeGreaterThan(0.05);
    expect(counts[RANK.low]! / all).toBeLessThan(0.08);
    expect(counts[RANK.normal]! / all).toBeGreaterThan(0.15);
    expect(counts[RANK.normal]! / all).toBeLessThan(0.25);
  });
});

it('reads all streams in one read that waits while none has more than can start', () => {
  const { plan, streams, held } = pattern(100);
  for (let i = 0; i < 5; i++) {
    held.set(streams[i % 3]!, 1);
    const { ask } = read(plan, held, 100)!;
    expect(ask.streams).toHaveLength(3);
    expect(ask.blocks).toBe(true);
  }
});

it('reads all in one read that waits while one may run', () => {
  const { plan, streams, held } = pattern(1);
  for (let i = 0; i < 5; i++) {
    held.set(streams[i % 3]!, 1);
    const { ask, total } = read(plan, held, 1)!;
    expect(ask).toMatchObject({ streams, count: 1, blocks: true });
    expect(total).toBe(1);
  }
});

it('finds a lone entry of a pattern with a bound of one in the second read at most', () => {
  const { plan, streams, held } = pattern(64, 1);
  for (let i = 0; i < 6; i++) {
    held.set(streams[i % 3]!, 1);
    const first = read(plan, held, 64)!;
    const { total, ask } = first.total > 0 ? first : read(plan, held, 64)!;
    expect([total, ask.blocks || first.total > 0]).toEqual([1, true]);
  }
});

it('asks patterns without classes for all that can start', () => {
  const spec = { concurrency: 2 } as PatternSpec;
  const plain = new StreamState('plain');
  plain.patterns.set('plain', new PatternState(spec));
  const { plan, held } = pattern(64, undefined, [plain]);
  expect(read(plan, held, 64)!.ask).toMatchObject({ count: 2, blocks: true });
});

it('takes its turn of a pattern whose packs come, in a flood of others', () => {
  const plain = new StreamState('plain');
  plain.patterns.set('plain', new PatternState({ answers: true } as PatternSpec));
  plain.brought(8);
  const { plan, streams, held } = pattern(64, undefined, [plain]);
  held.set(streams[RANK.high]!, 10_000);
  held.set(plain, 10);
  let came = 0;
  for (let i = 0; i < 20; i++)
    came += fill(plan, held, 1, 2).filter((rank) => rank === RANK.normal).length;
  expect(came).toBeGreaterThan(2);
});

it('reads ahead of what waits and matters less, one entry at a time', () => {
  const { plan, streams, held, state } = pattern(2);
  const [high, , low] = streams as [StreamState, StreamState, StreamState];
  held.set(low, 100);
  held.set(high, 2);
  const room = { free: 0, members: 1, mayPark: true };
  expect(plan.next(room)).toBeUndefined();
  expect(read(plan, held, 0, 1, 2)).toMatchObject({ total: 1, ranks: [RANK.high] });
  expect(read(plan, held, 0, 1, 2)).toMatchObject({ total: 1, ranks: [RANK.high] });
  const asks = Array.from({ length: 3 }, () => read(plan, held, 0, 1, 2)!.ask);
  expect(asks.at(-1)).toMatchObject({ streams: streams.slice(0, 2), count: 1, blocks: true });
  expect(plan.isOutdated({ ...room, ahead: 2 })).toBe(false);
  expect(plan.isOutdated({ ...room, free: 1 })).toBe(true);
  // The same within the bound of a pattern.
  const bounded = pattern(64, 1);
  bounded.state.running = 1;
  bounded.state.line.changed(RANK.low, 1);
  expect(bounded.plan.next({ ...room, free: 63 })?.streams).not.toContain(bounded.streams[2]);
  expect(state.line.ahead).toBe(0);
});

it('waits for all streams when a round has found nothing', () => {
  const { plan, held } = pattern(1);
  plan.failed();
  for (const rank of RANKS) {
    const { ask } = read(plan, held, 1)!;
    expect(ask.streams.map((stream) => stream.rank)).toEqual([rank]);
    expect(ask.blocks).toBe(false);
  }
  expect(read(plan, held, 1)!.ask).toMatchObject({ count: 1, blocks: true });
});

it('does not ask on and on for streams whose pattern is at its bound', () => {
  const other = new StreamState('other');
  other.patterns.set('other', new PatternState({} as PatternSpec));
  const { plan, state, held } = pattern(10, 2, [other]);
  state.running = 2;
  plan.failed();
  const asks = Array.from({ length: 3 }, () => read(plan, held, 8)!.ask);
  expect(asks.at(-1)).toMatchObject({ streams: [other], blocks: true });
  expect(plan.omits).toBe(true);
  state.running = 1;
  expect(plan.isOutdated({ free: 9, members: 1, mayPark: true })).toBe(true);
});

it('reads no more of all classes together than the bound of their pattern', () => {
  const { plan, streams, held } = pattern(100, 2);
  for (const stream of streams) held.set(stream, 10);
  // The first read may find one of each.
  expect(read(plan, held, 100)!.total).toBeLessThanOrEqual(3);
  expect(read(plan, held, 100)!.total).toBeLessThanOrEqual(2);
});

it('has something else first between two turns out of the order', () => {
  const turns = new ClassTurns(64);
  const order: Rank[] = [];
  for (let i = 0; i < 200; i++) {
    const [{ rank } = { rank: RANK.high }] = turns.order(RANKS);
    turns.noted(rank, 1, false);
    order.push(rank);
  }
  const isOut = (rank: Rank | undefined): boolean => rank !== undefined && rank > RANK.high;
  expect(order.some((rank, i) => isOut(rank) && isOut(order[i + 1]))).toBe(false);
  expect(order.filter((rank) => rank === RANK.low).length).toBeGreaterThan(9);
});

it('looks at the first class between two reads of the others, if that can be read', () => {
  // A look at a class brings nothing, and is no turn: what is owed to others comes next.
  const turns = new ClassTurns(1);
  turns.noted(RANK.normal, 16, false);
  expect(turns.order(RANKS)[0]).toMatchObject({ rank: RANK.high });
  turns.noted(RANK.high, 0, true);
  expect(turns.order(RANKS)[0]).toEqual({ rank: RANK.low, most: 1 });
  turns.noted(RANK.low, 0, false);
  expect(turns.order(RANKS)[0]).toEqual({ rank: RANK.low, most: 1 });
  const after = new ClassTurns(1);
  after.noted(RANK.high, 4, false);
  expect(after.order(RANKS)[0]).toEqual({ rank: RANK.normal, most: 1 });
  // The first cannot be read: the others take turns without it.
  const others = new ClassTurns(1);
  const order = Array.from({ length: 170 }, () => {
    const rank = others.order(RANKS).find(({ rank: each }) => each !== RANK.high)!.rank;
    others.noted(rank, 1, false);
    return rank;
  });
  expect(order.filter((rank) => rank === RANK.low).length).toBeGreaterThan(7);
});

it.each([1, 3, 64])('owes a class that could not be read one start of %i slots', (slots) => {
  const turns = new ClassTurns(slots);
  for (let i = 0; i < 10_000; i++) turns.noted(RANK.high, 1, false);
  expect(turns.order([RANK.high, RANK.low])[0]).toEqual({ rank: RANK.low, most: slots });
  expect(turns.order([RANK.high, RANK.normal])[0]).toEqual({ rank: RANK.normal, most: slots });
});

/** Streams of several patterns: some have classes, some have bounds, and packs come in some. */
const patterns = fc.array(
  fc.record({
    classes: fc.boolean(),
    bound: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
    packs: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);
const step = fc.record({
  free: fc.integer({ min: 0, max: 40 }),
  members: fc.integer({ min: 1, max: 3 }),
  stream: fc.nat(),
  comes: fc.integer({ min: 0, max: 50 }),
  running: fc.integer({ min: 0, max: 20 }),
});

it('never asks for more than can start, and waits after some reads that bring nothing', () => {
  fc.assert(
    fc.property(patterns, fc.array(step, { maxLength: 60 }), (made, steps) => {
      // Without classes another plan reads, which is not asked while nothing can start.
      fc.pre(made.some(({ classes }) => classes));
      const streams = made.flatMap(({ classes, bound, packs }, i) => {
        const spec = { concurrency: bound, priorities: classes, answers: true } as PatternSpec;
        const state = new PatternState(spec);
        return (classes ? RANKS : [RANK.normal]).map((rank) => {
          const stream = new StreamState(`s${i}.${rank}`, new Map(), rank, `s${i}`);
          stream.patterns.set(`s${i}`, state);
          if (packs) stream.brought(8);
          return stream;
        });
      });
      const held = new Map(streams.map((stream) => [stream, 0]));
      const plan = readPlan(streams, 64);
      for (const { free, members, stream, comes, running } of steps) {
        const at = streams[stream % streams.length]!;
        held.set(at, held.get(at)! + comes);
        for (const state of at.patterns.values())
          state.running = Math.min(running, state.bound, 1000);
        let inVain = 0;
        for (;;) {
          const ask = plan.next({ free, members, mayPark: true });
          if (ask === undefined) break;
          expect(ask.count).toBeGreaterThan(0);
          const most = ask.blocks
            ? Math.max(free, ask.streams.length)
            : Math.max(free, inVain > 0 ? ask.streams.length : 0);
          expect(ask.streams.length * ask.count).toBeLessThanOrEqual(most);
          const entries = new Map<StreamState, number>();
          let total = 0;
          for (const each of ask.streams) {
            const came = Math.min(ask.count, held.get(each)!);
            held.set(each, held.get(each)! - came);
            if (came > 0) entries.set(each, came);
            total += came;
          }
          plan.noted(ask, { entries, total, took: 1 }, members);
          if (total > 0 || ask.blocks) break;
          expect(++inVain).toBeLessThan(20);
        }
      }
    }),
  );
});

it('reads streams that come later in their class, also in a backlog, and no more when they go', () => {
  const own = new StreamState('other');
  const state = new PatternState({} as PatternSpec);
  own.patterns.set('other', state);
  const came = new StreamState('came');
  came.patterns.set('came', state);
  const all: StreamState[] = [];
  const first = pattern(4, undefined, [own]);
  all.push(...first.streams, own);
  const plan = readPlan(all, 4);
  const held = new Map(all.map((stream) => [stream, 100]));
  fill(plan, held, 4);
  all.push(came);
  plan.added?.(came);
  plan.added?.(came);
  held.set(came, 3);
  for (let i = 0; i < 200 && held.get(came)! > 0; i++) fill(plan, held, 4);
  expect(held.get(came)).toBe(0);
  all.splice(all.indexOf(came), 1);
  plan.dropped(came);
  held.set(came, 3);
  for (let i = 0; i < 200; i++) fill(plan, held, 4);
  expect(held.get(came)).toBe(3);
});
