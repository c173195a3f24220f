import { shardOf } from './keys.js';
import { spreadStreams, usedStreams } from './spread.js';

const PATTERNS = ['x', 'orders.price', '{"cmd":"sum"}', 'größe', 'a'.repeat(1016)];

describe('the streams of a spread pattern', () => {
  it.each([1, 2, 3, 6, 24, 64, 100, 255, 256])('are one in each of %i shards', (shards) => {
    for (const pattern of PATTERNS) {
      const streams = spreadStreams(pattern, shards);
      expect(streams.map((name) => shardOf(name, shards))).toEqual([...streams.keys()]);
      expect(streams[shardOf(pattern, shards)]).toBe(pattern);
      expect(Math.max(...streams.map(({ length }) => length))).toBeLessThanOrEqual(1024);
    }
  });

  it('are those that docs/protocol.md names', () => {
    expect(spreadStreams('orders.price', 6)).toEqual([
      'orders.price|1',
      'orders.price',
      'orders.price|5',
      'orders.price|2',
      'orders.price|3',
      'orders.price|6',
    ]);
  });
});

describe('the streams that callers use', () => {
  const used = (pattern: string, shards: number, spread: number) =>
    usedStreams(pattern, spreadStreams(pattern, shards), spread);

  it.each([
    [24, 3],
    [24, 6],
    [24, 8],
    [24, 24],
    [24, 5],
    [7, 3],
    [256, 100],
  ])('of %i shards are %i different ones, its own first', (shards, spread) => {
    for (const pattern of PATTERNS) {
      const streams = used(pattern, shards, spread);
      expect(streams[0]).toBe(pattern);
      expect(new Set(streams).size).toBe(spread);
    }
  });

  it.each([
    [3, 3],
    [6, 3],
    [8, 6],
    [12, 12],
  ])('%i of 24 are equally many on each of %i masters', (spread, masters) => {
    for (const pattern of PATTERNS) {
      const each = Array.from({ length: masters }, () => 0);
      for (const name of used(pattern, 24, spread)) {
        const master = Math.floor((shardOf(name, 24) * masters) / 24);
        each[master] = (each[master] ?? 0) + 1;
      }
      const [least, most] = [Math.min(...each), Math.max(...each)];
      expect(most - least).toBeLessThanOrEqual(spread % masters === 0 ? 0 : 1);
    }
  });

  it('are all where there are fewer than that', () => {
    expect(used('x', 4, 100)).toHaveLength(4);
    expect(used('x', 1, 8)).toEqual(['x']);
  });
});
