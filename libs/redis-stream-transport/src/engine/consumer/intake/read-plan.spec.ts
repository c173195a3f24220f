import fc from 'fast-check';
import { readPlan } from './plans.js';
import type { Ask, Room } from './read-plan.js';
import { PatternState, type PatternSpec } from './pattern-state.js';
import { StreamState } from './stream-state.js';

/** A stream of patterns with these bounds; undefined: no bound. */
function stream(name: string, ...bounds: (number | undefined)[]): StreamState {
  const made = new StreamState(name);
  bounds.forEach((concurrency, i) =>
    made.patterns.set(`${name}.${i}`, new PatternState({ concurrency } as PatternSpec)),
  );
  return made;
}

const room = (free: number, changes: Partial<Room> = {}): Room => ({
  free,
  members: 1,
  mayPark: true,
  ...changes,
});

const names = (ask: Ask | undefined) => ask?.streams.map(({ name }) => name);

const brought = (...entries: [StreamState, number][]) => ({
  entries: new Map(entries),
  total: entries.reduce((sum, [, count]) => sum + count, 0),
  took: 1,
});

describe('a plan of reads over patterns with bounds of their own', () => {
  it('asks all for what the one with the least room can start, then asks those that had more', () => {
    const [job, ping] = [stream('job', 1), stream('ping', undefined)];
    const plan = readPlan([job, ping], 100);
    const first = plan.next(room(100))!;
    expect(first).toMatchObject({ count: 1, blocks: true });
    expect(names(first)).toEqual(['job', 'ping']);
    plan.noted(first, brought([ping, 1]), 1);
    const second = plan.next(room(99))!;
    expect(second).toEqual({ streams: [ping], count: 99, blocks: false });
    // Between two reads of hot streams comes one of all.
    plan.noted(second, brought([ping, 99]), 1);
    const third = plan.next(room(99))!;
    expect(names(third)).toEqual(['job', 'ping']);
    plan.noted(third, brought([ping, 1]), 1);
    const fourth = plan.next(room(99))!;
    plan.noted(fourth, brought([ping, 3]), 1);
    const fifth = plan.next(room(99))!;
    plan.noted(fifth, brought(), 1);
    // Streams that brought less than COUNT are waited for.
    expect(plan.next(room(99))).toMatchObject({ blocks: true });
  });

  it('leaves out streams at their bound, and says when one has room again', () => {
    const [job, ping] = [stream('job', 2), stream('ping', undefined)];
    const pattern = job.patterns.get('job.0')!;
    const plan = readPlan([job, ping], 100);
    pattern.running = 1;
    pattern.line.changed(1, 1);
    expect(names(plan.next(room(99)))).toEqual(['ping']);
    expect(plan.omits).toBe(true);
    expect(plan.isOutdated(room(99))).toBe(false);
    pattern.line.changed(1, -1);
    expect(plan.isOutdated(room(99))).toBe(true);
    expect(plan.isOutdated(room(99))).toBe(false);
  });

  it('asks a lane for one at a time while a pattern is at its bound, and for none when too many wait', () => {
    const lane = stream('lane', 2, undefined);
    const plan = readPlan([lane], 100);
    expect(plan.next(room(100))).toMatchObject({ count: 2 });
    lane.patterns.get('lane.0')!.running = 2;
    expect(plan.next(room(98))).toMatchObject({ count: 1 });
    expect(plan.next(room(98, { mayPark: false }))).toBeUndefined();
  });

  it('leaves out a stream of which a dead instance left something', () => {
    const [job, ping] = [stream('job', 2), stream('ping', undefined)];
    const plan = readPlan([job, ping], 100);
    job.hasUnclaimed = true;
    expect(names(plan.next(room(99)))).toEqual(['ping']);
  });

  it('never asks for more than can start, in all or of a pattern, and hears every stream', () => {
    const bounds = fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined });
    const turn = fc.record({
      free: fc.integer({ min: 1, max: 50 }),
      full: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(bounds, { minLength: 1, maxLength: 12 }).filter((all) => all.some((one) => one)),
        fc.integer({ min: 1, max: 5 }),
        fc.array(turn, { minLength: 30, maxLength: 60 }),
        (all, members, turns) => {
          const streams = all.map((bound, i) => stream(`s${i}`, bound));
          const plan = readPlan(streams, 50);
          const heard = new Set<StreamState>();
          for (const { free, full } of turns) {
            const ask = plan.next(room(free, { members }))!;
            expect(ask.count).toBeGreaterThanOrEqual(1);
            // Redis serves a blocked read from one stream.
            const most = ask.blocks && ask.count === 1 ? 1 : ask.streams.length;
            expect(ask.count * most).toBeLessThanOrEqual(free);
            for (const { bound } of ask.streams) expect(ask.count).toBeLessThanOrEqual(bound);
            for (const one of ask.streams) heard.add(one);
            const filled = ask.streams.filter((_, i) => i / ask.streams.length < full);
            plan.noted(
              ask,
              brought(...filled.map((one) => [one, ask.count] as [StreamState, number])),
              members,
            );
          }
          if (turns.every(({ free }) => free >= streams.length))
            expect(heard.size).toBe(all.length);
        },
      ),
    );
  });
});

describe('a plan of reads that is told which streams are due', () => {
  it('names no others, never asks for more than can start, and does not block', () => {
    const bounds = fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined });
    const turn = fc.record({
      free: fc.integer({ min: 1, max: 50 }),
      due: fc.integer({ min: 1, max: 12 }),
      full: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(bounds, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.array(turn, { minLength: 5, maxLength: 20 }),
        (all, members, chance, turns) => {
          const streams = all.map((bound, i) => stream(`s${i}`, bound));
          const plan = readPlan(streams, 50, { random: () => chance });
          for (const { free, due: some, full } of turns) {
            const due = streams.slice(0, some);
            const ask = plan.next(room(free, { members }), due)!;
            expect(ask.blocks).toBe(false);
            expect(ask.count).toBeGreaterThanOrEqual(1);
            expect(ask.count * ask.streams.length).toBeLessThanOrEqual(free);
            expect(new Set(ask.streams).size).toBe(ask.streams.length);
            for (const one of ask.streams) {
              expect(due).toContain(one);
              expect(ask.count).toBeLessThanOrEqual(one.bound);
            }
            const filled = ask.streams.filter((_, i) => i / ask.streams.length < full);
            const came = filled.map((one) => [one, ask.count] as [StreamState, number]);
            plan.noted(ask, brought(...came), members);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('asks for nothing while none is due, and waits in Redis when it is told no more', () => {
    for (const bound of [undefined, 5]) {
      const streams = [stream('a', bound), stream('b', undefined)];
      const plan = readPlan(streams, 100);
      expect(plan.next(room(100), [])).toBeUndefined();
      const ask = plan.next(room(100), streams)!;
      plan.noted(ask, brought(), 1);
      expect(plan.next(room(100))).toMatchObject({ blocks: true });
    }
  });

  it('leaves a part of them to each of several members, from anywhere on', () => {
    const streams = Array.from({ length: 20 }, (_, i) => stream(`s${i}`, undefined));
    const plan = readPlan(streams, 100, { random: () => 0.9 });
    const ask = plan.next(room(100, { members: 4 }), streams)!;
    expect(names(ask)).toEqual(['s18', 's19', 's0', 's1', 's2']);
  });
});

describe('P17: a plan of reads where packs come', () => {
  /** Packs of so many calls came for a while. */
  const withPacks = (concurrency?: number, calls = 16) => {
    const made = stream('work', concurrency);
    for (let i = 0; i < 20; i++) {
      made.brought(calls);
      made.learn();
    }
    return made;
  };

  it.each([undefined, 100])(
    'asks for none while too few of their calls could start: bound %s',
    (bound) => {
      const plan = readPlan([withPacks(bound)], 100);
      expect(plan.next(room(15, { members: 2 }))).toBeUndefined();
      expect(names(plan.next(room(16, { members: 2 })))).toEqual(['work']);
      // Nobody else could start them.
      expect(names(plan.next(room(15, { members: 1 })))).toEqual(['work']);
    },
  );

  it.each([undefined, 100])(
    'asks where all calls of small packs can start, beside long handlers: bound %s',
    (bound) => {
      const plan = readPlan([withPacks(bound, 2), stream('long', undefined)], 100);
      expect(names(plan.next(room(1, { members: 2 }))) ?? []).not.toContain('work');
      const ask = plan.next(room(2, { members: 2 }));
      expect([names(ask), ask?.count]).toEqual([['work', 'long'], 1]);
    },
  );

  it('asks where a quarter of few slots is free', () => {
    const plan = readPlan([withPacks()], 20);
    expect(plan.next(room(4, { members: 2 }))).toBeUndefined();
    expect(names(plan.next(room(5, { members: 2 })))).toEqual(['work']);
  });

  it.each([undefined, 100])(
    'says of which it asks for none although a slot is free: bound %s',
    (bound) => {
      const [packs, long] = [withPacks(bound), stream('long', undefined)];
      const plan = readPlan([packs, long], 100);
      const lacking = (free: number, members: number) => {
        plan.next(room(free, { members }));
        return plan.lacking?.(room(free, { members }));
      };
      // Without bounds one read is of all streams, so all are left out.
      expect(lacking(15, 2)).toEqual(bound === undefined ? [packs, long] : [packs]);
      expect(lacking(16, 2)).toEqual([]);
      expect(lacking(15, 1)).toEqual([]);
      // Of those that are due it leaves out the others.
      plan.next(room(15, { members: 2 }), [packs, long]);
      expect(plan.lacking?.(room(15, { members: 2 }))).toEqual([packs]);
      expect(plan.lacking?.(room(16, { members: 2 }))).toEqual([]);
      plan.dropped(packs);
      expect(plan.lacking?.(room(15, { members: 2 }))).toEqual([]);
    },
  );

  it('lacks no room of streams that are at their bound, or that wait for something else', () => {
    const packs = withPacks(100);
    const plan = readPlan([packs], 100);
    const lacking = () => {
      plan.next(room(15, { members: 2 }));
      return plan.lacking?.(room(15, { members: 2 }));
    };
    expect(lacking()).toEqual([packs]);
    packs.hasUnclaimed = true;
    expect(lacking()).toEqual([]);
    packs.hasUnclaimed = false;
    packs.patterns.get('work.0')!.running = 100;
    expect(lacking()).toEqual([]);
  });

  it.each([undefined, 100])(
    'asks other streams while that of the packs cannot be read: bound %s',
    (bound) => {
      const packs = withPacks(bound);
      const plan = readPlan([packs, stream('long', undefined)], 100);
      packs.isBroken = true;
      expect(names(plan.next(room(2, { members: 2 })))).toEqual(['long']);
      expect(plan.lacking?.(room(2, { members: 2 }))).toEqual([]);
    },
  );

  it('asks for as many as it can start', () => {
    expect(readPlan([withPacks()], 200).next(room(200))?.count).toBe(12);
  });

  it('reads the rest of a stream without packs by itself, as much as can start, and then all again', () => {
    const packs = withPacks();
    const events = stream('seen', undefined);
    const plan = readPlan([packs, events], 200);
    const quiet = plan.next(room(200))!;
    plan.noted(quiet, brought([packs, 1]), 1);
    const all = plan.next(room(200))!;
    expect(all).toMatchObject({ count: 12, blocks: true });
    plan.noted(all, brought([events, 12]), 1);
    const rest = plan.next(room(188))!;
    expect(rest).toEqual({ streams: [events], count: 188, blocks: false });
    plan.noted(rest, brought([events, 116]), 1);
    expect(names(plan.next(room(72)))).toEqual(['work', 'seen']);
    // Packs that fill a read are not asked for beyond what can start.
    const again = plan.next(room(200))!;
    plan.noted(again, brought([packs, again.count]), 1);
    expect(names(plan.next(room(8)))).toEqual(['work', 'seen']);
  });

  it.each([undefined, 100])('waits for the next burst with the share of one: bound %s', (bound) => {
    const packs = stream('work', bound);
    for (const pattern of packs.patterns.values()) Object.assign(pattern.spec, { answers: true });
    const plan = readPlan([packs], 100);
    const asked: { count: number; blocks: boolean }[] = [];
    const read = (entries: number, took: number): void => {
      const ask = plan.next(room(100, { members: 4 }))!;
      asked.push({ count: ask.count, blocks: ask.blocks });
      const came = entries === 0 ? [] : ([[packs, Math.min(entries, ask.count)]] as const);
      plan.noted(ask, { ...brought(...(came as [StreamState, number][])), took }, 4);
    };
    read(100, 50);
    read(100, 0);
    read(100, 0);
    read(100, 0);
    read(0, 0);
    read(0, 0);
    const [first, second, ...others] = asked;
    expect([first, second]).toEqual([
      { count: 4, blocks: true },
      { count: 4, blocks: bound === undefined },
    ]);
    expect(others.some(({ count, blocks }) => count > 4 && blocks)).toBe(false);
    expect(asked.at(-1)).toEqual({ count: 4, blocks: true });
  });
});

describe('a plan of reads over streams of which more may come', () => {
  it('heeds the bound of one that has come', () => {
    const streams = [stream('ping', undefined)];
    const plan = readPlan(streams, 100, Math, true);
    expect(plan.next(room(100))).toMatchObject({ count: 100 });
    streams.push(stream('job', 1));
    const ask = plan.next(room(100));
    expect([names(ask), ask?.count]).toEqual([['ping', 'job'], 1]);
  });
});
