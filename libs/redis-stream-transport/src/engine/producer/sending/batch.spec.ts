import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { PendingBatch } from './batch.js';
import { EVENTS_FOR, PackWidths } from './pack-widths.js';
import { SectionTerms } from './section-terms.js';
import type { OutgoingEntry } from './outgoing-entry.js';

const entry = (name: string, changes: Partial<OutgoingEntry> = {}) =>
  ({
    stream: 'a',
    pattern: 'a',
    mode: 0,
    hasExtraFields: false,
    size: 1,
    abandoned: false,
    tainted: false,
    copies: 0,
    pack: undefined,
    fields: () => ['c', name],
    recalled() {
      this.copies = 0;
    },
    ...changes,
  }) as OutgoingEntry & { abandoned: boolean };

const spread = vi.fn();
const stored = vi.fn();
const news = {
  widths: new PackWidths(new FakeClock()),
  eventWidths: new PackWidths(new FakeClock()),
  terms: new SectionTerms(1_000_000),
  spread,
  stored,
};
const CALLER = { caller: 'c', lane: undefined };
const batchOf = (...entries: OutgoingEntry[]) => new PendingBatch(1, 1, entries, 0);

describe('a batch', () => {
  it('groups entries that are treated alike, in order', () => {
    const entries = [
      entry('1'),
      entry('2', { pattern: 'b' }),
      entry('3'),
      entry('4', { mode: 2 }),
      entry('5', { hasExtraFields: true }),
      entry('6', { stream: 'lane' }),
    ];
    const { version, sections } = batchOf(...entries).nextVersion(0, news);
    expect(version).toBe(0);
    expect(sections.map(({ entries: fields }) => fields.map(([, name]) => name))).toEqual([
      ['1', '3'],
      ['2'],
      ['4'],
      ['5'],
      ['6'],
    ]);
    expect(entries.every(({ copies }) => copies === 1)).toBe(true);
  });

  it('leaves out of the next copy what is wanted no longer, and remembers each copy', () => {
    const entries = [entry('1'), entry('2'), entry('3')];
    const batch = batchOf(...entries);
    batch.nextVersion(0, news);
    entries[1]!.abandoned = true;
    const second = batch.nextVersion(0, news);
    expect(second.version).toBe(1);
    expect(second.sections[0]!.entries).toHaveLength(2);
    expect(batch.versions.map((version) => version[0]!.laid.length)).toEqual([3, 2]);
    expect(entries.map(({ copies }) => copies)).toEqual([2, 1, 2]);
  });

  it('is untouched when each of its copies was refused, and its entries are as if none had left', () => {
    const entries = [entry('1'), entry('2')];
    const batch = batchOf(...entries);
    batch.nextVersion(0, news);
    batch.nextVersion(0, news);
    batch.refused();
    expect(batch.isUntouched).toBe(false);
    expect(entries.map(({ copies }) => copies)).toEqual([2, 2]);
    batch.refused();
    expect(batch.isUntouched).toBe(true);
    expect(entries.map(({ copies }) => copies)).toEqual([0, 0]);
    batch.taint();
    expect(entries.some(({ tainted }) => tainted)).toBe(false);
    batch.nextVersion(0, news);
    batch.taint();
    expect(entries.every(({ tainted }) => tainted)).toBe(true);
  });

  it('may become empty: its number is used all the same', () => {
    const { sections } = batchOf(entry('1', { abandoned: true })).nextVersion(0, news);
    expect(sections).toEqual([]);
  });

  it('asks over how many streams a pattern is spread, and hears it of the own stream alone', () => {
    // Large calls travel in no packs, and ask all the same where there are several shards.
    const asked = entry('1', { mode: 2, maySpread: true, stored: () => undefined });
    const elsewhere = entry('2', { stream: 'a|1', maySpread: true, stored: () => undefined });
    const told = (heard: typeof news.spread | undefined, ...entries: OutgoingEntry[]) => {
      const all = { ...news, widths: new PackWidths(new FakeClock()), spread: heard };
      const batch = batchOf(...entries);
      const { sections } = batch.nextVersion(0, all);
      const verdict = { first: '1-0', count: 1, refusal: undefined, takers: 0, spread: 3 };
      batch.applied({ kind: 'applied', now: 0, version: 0, sections: [verdict] }, all);
      return sections[0]!.asks;
    };
    expect(told(undefined, asked)).toBe(false);
    expect([told(spread, asked), spread.mock.calls]).toEqual([true, [['a', 3, 0]]]);
    expect(told(spread, elsewhere)).toBe(true);
    expect(spread).toHaveBeenCalledTimes(1);
  });

  it('P21: is told of events what Redis said to its first copy, however late it hears that', () => {
    const clock = new FakeClock();
    const all = { ...news, eventWidths: new PackWidths(clock, EVENTS_FOR) };
    const pack = { codec: 'json', depth: 0, caller: '-', data: '1', timeLeft: () => 0 };
    const events = Array.from({ length: 32 }, (_, i) =>
      entry(String(i), { isEvent: true, pack: pack as never, stored: () => undefined }),
    );
    const entriesAfter = (ms: number) => {
      const batch = new PendingBatch(1, 1, events, clock.now());
      const { sections } = batch.nextVersion(clock.now(), all);
      clock.pass(ms);
      batch.nextVersion(clock.now(), all);
      const verdict = { first: '1-0', count: 32, refusal: undefined, takers: 1 };
      batch.applied({ kind: 'applied', now: 0, version: 0, sections: [verdict] }, all);
      return [sections[0]!.asks, all.eventWidths.entriesFor('a', events)];
    };
    expect(entriesAfter(EVENTS_FOR + 1)).toEqual([true, 32]);
    expect(entriesAfter(10)).toEqual([false, 32]);
    clock.pass(EVENTS_FOR);
    expect(entriesAfter(10)).toEqual([true, 1]);
  });

  it('P10: names entry and place by the copy that was applied', () => {
    const told: string[] = [];
    const calls = Array.from({ length: 64 }, (_, i) => {
      const packable = { id: String(i), data: '1', headers: undefined, codec: 'json', depth: 0 };
      return entry(String(i), {
        size: 65,
        pack: { ...packable, ...CALLER, expiresAt: 1, timeLeft: () => 1 } as never,
        stored: (first, steps, place) => told.push(`${i}: ${first}+${steps}#${place?.place}`),
      });
    });
    const clock = new FakeClock();
    const widths = new PackWidths(clock);
    const all = { ...news, widths };
    widths.asks('a', 2);
    const said = { first: '1-0', count: 1, refusal: undefined, takers: 1 };
    widths.noted('a', said, clock.now());
    const batch = batchOf(...calls);
    batch.nextVersion(0, all);
    calls[1]!.abandoned = true;
    batch.nextVersion(0, all);
    const answer = { kind: 'applied', now: 0, sections: [{ first: '7-0', count: 2 }] } as const;
    const applied = (version: number) => {
      told.length = 0;
      batch.applied({ ...answer, version } as never, all);
      return told;
    };
    // 32 calls each: the second copy left one out, so those after it moved up.
    expect(applied(0).slice(0, 3)).toEqual(['0: 7-0+0#0', '1: 7-0+0#1', '2: 7-0+0#2']);
    expect(applied(1).slice(0, 2)).toEqual(['0: 7-0+0#0', '2: 7-0+0#1']);
    expect(told.at(-1)).toBe('63: 7-0+1#30');
  });
});
