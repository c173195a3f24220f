import fc from 'fast-check';
import { compareIds, decodeEntry, idAfter, isMalformed, timeOf } from './entry.js';

const caller = 'a'.repeat(22);
const request = `1 json 7 ${caller} 1000`;

const garbage = fc
  .uint8Array({ maxLength: 600 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));

describe('an entry', () => {
  it('is read by the first of each field, and unknown ones are ignored', () => {
    const fields = ['z', '1', 'd', '"x"', 'c', request, 'd', 'no', 'h', '{"a":"b"}', 'k', 'key'];
    expect(decodeEntry({ id: '5-1', fields }, 100)).toMatchObject({
      ...{ id: '5-1', addedAt: 5, data: '"x"', headers: { a: 'b' }, key: 'key' },
      header: { call: '7', caller, timeout: 1000 },
      pattern: undefined,
    });
  });

  it('keeps its header where the rest cannot be read, so that its caller can be told', () => {
    const entry = decodeEntry({ id: '5-1', fields: ['c', request, 'd', 'x'.repeat(101)] }, 100);
    expect(entry).toMatchObject({ malformed: 'payload too large', header: { call: '7' } });
  });

  it('is never thrown over, whatever its fields are', () => {
    const name = fc.constantFrom('c', 'd', 'h', 'k', 'p', 'x');
    const value = fc.oneof(fc.constant(request), garbage, fc.json());
    fc.assert(
      fc.property(fc.array(fc.oneof(name, value), { maxLength: 12 }), (fields) => {
        expect(typeof isMalformed(decodeEntry({ id: '1-1', fields }, 1000))).toBe('boolean');
      }),
    );
  });
});

describe('ids', () => {
  it('are ordered as numbers, time first', () => {
    const sorted = ['2-0', '9-1', '10-0', '10-9', '10-10'];
    expect(sorted.toReversed().sort(compareIds)).toEqual(sorted);
    expect(compareIds('10-10', '10-10')).toBe(0);
  });

  it('follow one another, and tell their time', () => {
    expect([idAfter('5-9'), idAfter('5-9', 3), timeOf('5-9')]).toEqual(['5-10', '5-12', 5]);
  });
});
