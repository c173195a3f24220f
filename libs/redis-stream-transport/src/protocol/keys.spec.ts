import fc from 'fast-check';
import { Keys, shardOf } from './keys.js';
import { slotOf } from './slot.js';

describe('keys', () => {
  it('of a shard carry one hash tag', () => {
    const keys = new Keys('nrs', 2, 4);
    const all = [
      keys.stream('a'),
      keys.lease('x'),
      keys.caller('x'),
      keys.log('x'),
      keys.dead('g'),
    ];
    for (const key of [...all, keys.incarnation(), keys.live('a'), keys.due('a')]) {
      expect(key).toMatch(/^\{nrs:[1-9]\d*\}:/);
      expect(slotOf(key)).toBe(slotOf(keys.incarnation()));
    }
    expect(new Keys('nrs', 0, 1).stream('a')).toBe('{nrs}:s:a');
    expect(new Keys('nrs', 0, 4).stream('a')).toBe('{nrs}:s:a');
  });

  it('of the first shard hold the layout, whatever the number of shards', () => {
    expect(new Keys('nrs', 0, 1).layout()).toBe('{nrs}:layout');
    expect(new Keys('nrs', 0, 4).layout()).toBe('{nrs}:layout');
    expect(new Keys('nrs', 1, 4).layout()).toBeUndefined();
  });

  it('are spread over the shards by a hash that is part of the wire', () => {
    // FNV-1a of 'a' is 0xe40c292c, of 'foobar' 0xbf9cf968.
    expect([shardOf('a', 256), shardOf('foobar', 256)]).toEqual([0x2c, 0x68]);
    expect(shardOf('anything', 1)).toBe(0);
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 256 }), (name, shards) => {
        expect(shardOf(name, shards)).toBeLessThan(shards);
      }),
    );
  });
});
