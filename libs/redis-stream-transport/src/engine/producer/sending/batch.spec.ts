import { PendingBatch } from './batch.js';
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
    fields: () => ['c', name],
    recalled() {
      this.copies = 0;
    },
    ...changes,
  }) as OutgoingEntry & { abandoned: boolean };

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
    const { version, sections } = batchOf(...entries).nextVersion(0);
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
    batch.nextVersion(0);
    entries[1]!.abandoned = true;
    const second = batch.nextVersion(0);
    expect(second.version).toBe(1);
    expect(second.sections[0]!.entries).toHaveLength(2);
    expect(batch.versions.map((version) => version[0]!.entries.length)).toEqual([3, 2]);
    expect(entries.map(({ copies }) => copies)).toEqual([2, 1, 2]);
  });

  it('is untouched when each of its copies was refused, and its entries are as if none had left', () => {
    const entries = [entry('1'), entry('2')];
    const batch = batchOf(...entries);
    batch.nextVersion(0);
    batch.nextVersion(0);
    batch.refused();
    expect(batch.isUntouched).toBe(false);
    expect(entries.map(({ copies }) => copies)).toEqual([2, 2]);
    batch.refused();
    expect(batch.isUntouched).toBe(true);
    expect(entries.map(({ copies }) => copies)).toEqual([0, 0]);
    batch.taint();
    expect(entries.some(({ tainted }) => tainted)).toBe(false);
    batch.nextVersion(0);
    batch.taint();
    expect(entries.every(({ tainted }) => tainted)).toBe(true);
  });

  it('may become empty: its number is used all the same', () => {
    const { sections } = batchOf(entry('1', { abandoned: true })).nextVersion(0);
    expect(sections).toEqual([]);
  });
});
