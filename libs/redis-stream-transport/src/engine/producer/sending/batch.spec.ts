import { PendingBatch } from './batch.js';
import type { OutgoingEntry } from './outgoing-entry.js';

const item = (name: string, changes: Partial<OutgoingEntry> = {}) =>
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

const batchOf = (...items: OutgoingEntry[]) => new PendingBatch(1, 1, items, 0);

describe('a batch', () => {
  it('groups items that are treated alike, in order', () => {
    const items = [
      item('1'),
      item('2', { pattern: 'b' }),
      item('3'),
      item('4', { mode: 2 }),
      item('5', { hasExtraFields: true }),
      item('6', { stream: 'lane' }),
    ];
    const { version, sections } = batchOf(...items).nextVersion(0);
    expect(version).toBe(0);
    expect(sections.map(({ items: fields }) => fields.map(([, name]) => name))).toEqual([
      ['1', '3'],
      ['2'],
      ['4'],
      ['5'],
      ['6'],
    ]);
    expect(items.every(({ copies }) => copies === 1)).toBe(true);
  });

  it('leaves out of the next copy what nobody wants any more, and remembers each copy', () => {
    const items = [item('1'), item('2'), item('3')];
    const batch = batchOf(...items);
    batch.nextVersion(0);
    items[1]!.abandoned = true;
    const second = batch.nextVersion(0);
    expect(second.version).toBe(1);
    expect(second.sections[0]!.items).toHaveLength(2);
    expect(batch.versions.map((version) => version[0]!.items.length)).toEqual([3, 2]);
    expect(items.map(({ copies }) => copies)).toEqual([2, 1, 2]);
  });

  it('is untouched when each of its copies was refused, and its items are as if none had left', () => {
    const items = [item('1'), item('2')];
    const batch = batchOf(...items);
    batch.nextVersion(0);
    batch.nextVersion(0);
    batch.refused();
    expect(batch.isUntouched).toBe(false);
    expect(items.map(({ copies }) => copies)).toEqual([2, 2]);
    batch.refused();
    expect(batch.isUntouched).toBe(true);
    expect(items.map(({ copies }) => copies)).toEqual([0, 0]);
    batch.taint();
    expect(items.some(({ tainted }) => tainted)).toBe(false);
    batch.nextVersion(0);
    batch.taint();
    expect(items.every(({ tainted }) => tainted)).toBe(true);
  });

  it('may become empty: its number is used all the same', () => {
    const { sections } = batchOf(item('1', { abandoned: true })).nextVersion(0);
    expect(sections).toEqual([]);
  });
});
