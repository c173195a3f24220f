import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { areSeveral, layOut } from './layout.js';
import type { OutgoingEntry, Packable } from './outgoing-entry.js';
import { EVENTS_FOR, PackWidths } from './pack-widths.js';
import { SectionTerms } from './section-terms.js';

const CALLER = 'c'.repeat(22);

/** Widths of a pattern that so many live instances answer, all of which take packs. */
function widths(takers = 1): PackWidths {
  const clock = new FakeClock();
  const known = new PackWidths(clock);
  known.asks('p', 2);
  known.noted('p', { first: '1-0', count: 1, refusal: undefined, takers }, clock.now());
  return known;
}

function call(id: number, changes: Partial<Packable> & { alone?: boolean; size?: number } = {}) {
  const { alone = false, size = 10, ...of } = changes;
  const pack = {
    id: String(id),
    data: '1',
    headers: undefined,
    codec: 'json',
    depth: 0,
    once: false,
  };
  const packable = { ...pack, caller: CALLER, lane: undefined, ...of };
  const { expiresAt = 1000 } = of;
  const timed = { ...packable, expiresAt, timeLeft: () => expiresAt };
  return {
    ...{ stream: 'p', pattern: 'p', mode: 2, hasExtraFields: false, size, abandoned: false },
    fields: () => [`line ${id}`, 'data'],
    pack: alone ? undefined : timed,
  } as unknown as OutgoingEntry;
}

const terms = new SectionTerms(1_000_000);
const news = (known: PackWidths) => ({
  ...{ widths: known, eventWidths: known, terms, spread: undefined },
  stored: () => {},
});

/** Ids by entry, of so many calls that leave in one turn. */
function laidOut(entries: OutgoingEntry[], takers = 1) {
  const { laid, section } = layOut({ first: entries[0]!, entries }, news(widths(takers)), 0);
  const sizes = laid.map((one) => (areSeveral(one) ? one.length : 1));
  return { laid, section, sizes };
}

const calls = (count: number) => Array.from({ length: count }, (_, i) => call(i));

describe('the calls of one turn', () => {
  it('travel in as few packs as possible to a lone instance, of 32 at most', () => {
    expect(laidOut(calls(1)).sizes).toEqual([1]);
    expect(laidOut(calls(4)).sizes).toEqual([4]);
    expect(laidOut(calls(32)).sizes).toEqual([32]);
    expect(laidOut(calls(100)).sizes).toEqual([25, 25, 25, 25]);
  });

  it('travel by themselves where several instances would get one each', () => {
    expect(laidOut(calls(8), 2).sizes).toEqual(Array(8).fill(1));
    expect(laidOut(calls(16), 2).sizes).toEqual(Array(8).fill(2));
  });

  it('are as many for each of several instances', () => {
    const { sizes } = laidOut(calls(100), 4);
    const shares = [0, 4, 8, 12].map((from) => sizes.slice(from, from + 4));
    expect(sizes).toHaveLength(16);
    expect(shares.map((share) => share.reduce((sum, size) => sum + size))).toEqual([
      25, 25, 25, 25,
    ]);
  });

  it('need fewer entries to be shared, the more are open already', () => {
    const known = widths(4);
    const entries = (count: number, open: { count: number }[]) =>
      calls(count).map((one) => ({
        ...one,
        countIn: (counter: { count: number }) => {
          counter.count++;
          open.push(counter);
        },
      }));
    const open: { count: number }[] = [];
    expect(known.entriesFor('p', entries(240, open))).toBe(16);
    // Part of a burst gets its part of the entries, so that a read of four brings no more than a quarter of it.
    expect(known.entriesFor('p', entries(60, open))).toBe(4);
    for (const counter of open.splice(0, 60)) counter.count--;
    expect(known.entriesFor('p', entries(1, open))).toBe(1);
    expect(known.entriesFor('p', entries(15, open))).toBe(1);
    for (const counter of open.splice(0)) counter.count--;
    expect(known.entriesFor('p', entries(16, open))).toBe(16);
  });

  it('travel by themselves where nobody has said that all take packs', () => {
    const entries = calls(100);
    const { laid, section } = layOut(
      { first: entries[0]!, entries },
      news(new PackWidths(new FakeClock())),
      0,
    );
    expect(laid).toEqual(entries);
    expect(section).toMatchObject({ asks: true, hasExtraFields: false });
  });

  it('travel by themselves when they are special, in their order', () => {
    const entries = [...calls(3), call(3, { alone: true }), ...calls(30).slice(4)];
    const { laid, section } = laidOut(entries);
    const at = laid.indexOf(entries[3]!);
    expect(at).toBeGreaterThan(0);
    // A list of fields for each, because packs have more than two.
    expect(section.entries[at]).toEqual(['c', 'line 3', 'd', 'data']);
  });

  it('P18: share a pack only if their deadlines are as good as the same; it has the latest', () => {
    const entries = calls(8).map((_, i) => call(i, { expiresAt: 1000 - i * 20 }));
    const { sizes, section } = laidOut([...entries, ...calls(40).slice(8)]);
    expect(sizes.slice(0, 3)).toEqual([3, 3, 2]);
    expect(section.entries[1]?.[1]).toBe(`1 pack.json 3 ${CALLER} 940`);
  });

  it('P13: share a pack with what may be started once only like them, and the pack says so', () => {
    const once = calls(16).map((_, i) => call(i, { once: true }));
    const { sizes, section } = laidOut(once);
    expect(sizes).toEqual([16]);
    expect(section.entries[0]?.[1]).toBe(`1 pack.json 16 ${CALLER} 1000 once`);
    expect(laidOut([...calls(3), ...once.slice(0, 5)]).sizes).toEqual([3, 5]);
  });

  it('share a pack only if they have the same codec and depth, and up to 64 KiB', () => {
    const mixed = calls(64).map((_, i) => call(i, { depth: Math.floor(i / 5) }));
    expect(laidOut(mixed).sizes.slice(0, 3)).toEqual([5, 5, 5]);
    const long = calls(64).map((_, i) => call(i, { size: 8000 }));
    expect(Math.max(...laidOut(long).sizes)).toBe(8);
  });

  it('travel by themselves when they are large; those beside them share packs', () => {
    const large = calls(16).map((_, i) => call(i, { size: 8192 }));
    const { laid, section } = laidOut(large);
    expect(laid).toEqual(large);
    expect(section.hasExtraFields).toBe(false);
    expect(laidOut([large[0]!, ...calls(16).slice(1)]).sizes).toEqual([1, 15]);
  });
});

describe('whether all live instances take packs', () => {
  it('is asked once a second', () => {
    const clock = new FakeClock();
    const known = new PackWidths(clock);
    const asked = [known.asks('p', 2), known.asks('p', 2), known.asks('q', 2)];
    expect(asked).toEqual([true, false, true]);
    clock.pass(1000);
    expect([known.asks('p', 1), known.asks('p', 2)]).toEqual([true, false]);
  });

  it('is asked every ten seconds where calls leave one by one', () => {
    const clock = new FakeClock();
    const known = new PackWidths(clock);
    const after = (ms: number, count: number) => {
      clock.pass(ms);
      return known.asks('p', count);
    };
    expect([after(0, 1), after(9999, 1), after(1, 1)]).toEqual([true, false, true]);
    expect([after(1000, 2), after(1000, 1), after(57_000, 1)]).toEqual([true, true, true]);
    expect([after(9999, 1), after(1, 1)]).toEqual([false, true]);
  });

  it('P16: is not known any more a minute after it was asked', () => {
    const clock = new FakeClock();
    const known = new PackWidths(clock);
    known.asks('p', 1);
    known.noted('p', { first: '1-0', count: 1, refusal: undefined, takers: 1 }, clock.now());
    clock.pass(60_001);
    expect([known.asks('p', 64), known.entriesFor('p', calls(64))]).toEqual([true, 64]);
  });

  it('lets a lone instance have packs of 32 for two seconds: others may have come since', () => {
    const clock = new FakeClock();
    const known = new PackWidths(clock);
    const answered = () =>
      known.noted('p', { first: '1-0', count: 1, refusal: undefined, takers: 1 }, clock.now());
    known.asks('p', 2);
    answered();
    clock.pass(1999);
    expect(known.entriesFor('p', calls(128))).toBe(4);
    clock.pass(1);
    // To ask is not to know.
    expect([known.asks('p', 128), known.entriesFor('p', calls(128))]).toEqual([true, 8]);
    answered();
    expect(known.entriesFor('p', calls(128))).toBe(4);
  });

  it('P16: holds until an answer says that not all do', () => {
    const known = widths();
    expect(known.entriesFor('p', calls(64))).toBe(2);
    known.noted('p', { first: '1-0', count: 1, refusal: undefined, takers: 0 }, 0);
    expect(known.entriesFor('p', calls(64))).toBe(64);
  });
});

describe('the events of one turn', () => {
  const event = (id: number, changes: Partial<Packable> & { lane?: string } = {}) => {
    const { pack, ...entry } = call(id, { caller: '-', expiresAt: id * 1000, ...changes });
    const packable = { ...pack, timeLeft: () => changes.expiresAt ?? 0 };
    return { ...entry, mode: 0, isEvent: true, pack: packable } as unknown as OutgoingEntry;
  };
  const events = (count: number) => Array.from({ length: count }, (_, i) => event(i));

  it('share entries with nothing but a header and data', () => {
    const { section, sizes } = laidOut(events(40), 1);
    expect(sizes).toEqual([20, 20]);
    expect(section).toMatchObject({ isEvent: true, hasExtraFields: false });
    const data = `[${Array(20).fill('1').join(',\n')}]`;
    const pack = ['1 pack.json 20 - 0', data];
    expect(section.entries).toEqual([pack, pack]);
  });

  it('share them with those that expire at the same time', () => {
    const all = [event(0), event(1), event(2, { expiresAt: 9 }), event(3, { expiresAt: 9 })];
    expect(laidOut(all).sizes).toEqual([2, 2]);
  });

  it('ask who hears them where they are several', () => {
    const asks = (count: number) => {
      const entries = events(count);
      const unknown = news(new PackWidths(new FakeClock()));
      return layOut({ first: entries[0]!, entries }, unknown, 0).section.asks;
    };
    expect([asks(1), asks(2)]).toEqual([false, true]);
  });

  it('travel by themselves when what was said is old', () => {
    const clock = new FakeClock();
    const known = new PackWidths(clock, EVENTS_FOR);
    known.asks('p', 2);
    known.noted('p', { first: '1-0', count: 1, refusal: undefined, takers: 1 }, clock.now());
    expect(known.entriesFor('p', events(32))).toBe(1);
    clock.pass(EVENTS_FOR + 1);
    expect(known.entriesFor('p', events(32))).toBe(32);
  });
});
