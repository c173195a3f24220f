import fc from 'fast-check';
import { hashOf, IdTable, type Identified } from './id-table.js';

class Item implements Identified {
  readonly hash: number;
  sameSlot: this | undefined;

  constructor(readonly id: string) {
    this.hash = hashOf(id);
  }
}

describe('the table of items in flight', () => {
  it('finds the items that it keeps, and no others', () => {
    const table = new IdTable<Item>();
    const item = new Item('1700000000000-1');
    table.set(item);
    expect(table.get('1700000000000-1')).toBe(item);
    expect(table.has('1700000000000-2')).toBe(false);
    // The same last six characters: the same slot, and another id.
    expect(table.has('1800000000000-1')).toBe(false);
    expect(table.size).toBe(1);
  });

  it('replaces an item by a later one of its id, which a removal of the earlier one does not remove', () => {
    const table = new IdTable<Item>();
    const [earlier, later] = [new Item('1-1'), new Item('1-1')];
    table.set(earlier);
    table.set(later);
    expect(table.get('1-1')).toBe(later);
    expect(table.size).toBe(1);
    expect(table.delete(earlier)).toBe(false);
    expect(table.get('1-1')).toBe(later);
    expect(table.delete(later)).toBe(true);
    expect(table.size).toBe(0);
  });

  it('leaves no link in removed items', () => {
    const table = new IdTable<Item>();
    const items = Array.from({ length: 300 }, (_, i) => new Item(`${i % 3}000000`));
    for (const item of items) table.set(item);
    table.delete(items[299] as Item);
    table.clear();
    expect(items.filter(({ sameSlot }) => sameSlot !== undefined)).toEqual([]);
    expect(table.values()).toEqual([]);
    table.set(items[0] as Item);
    expect(table.values()).toEqual([items[0]]);
  });

  it('behaves like a Map, whatever is added and removed', () => {
    const id = fc.oneof(
      fc.tuple(fc.integer({ min: 0, max: 3 }), fc.nat(400)).map(([a, b]) => `${a}-${b}`),
      fc.string({ maxLength: 8 }),
    );
    const step = fc.tuple(fc.constantFrom('set', 'set', 'set', 'delete', 'clear'), id);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 2000, size: 'max' }), (steps) => {
        const table = new IdTable<Item>();
        const map = new Map<string, Item>();
        steps.forEach(([what, key], at) => {
          const known = map.get(key);
          if (what === 'set') {
            const item = new Item(key);
            table.set(item);
            map.set(key, item);
          } else if (what === 'delete') {
            expect(known !== undefined && table.delete(known)).toBe(map.delete(key));
          } else if (at % 50 === 0) {
            table.clear();
            map.clear();
          }
          expect(table.get(key)).toBe(map.get(key));
          expect(table.size).toBe(map.size);
        });
        expect(new Set(table.values())).toEqual(new Set(map.values()));
      }),
      { numRuns: 30 },
    );
  });
});
