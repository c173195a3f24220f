import { readArguments } from '../../chaos/kit/arguments.js';
import { Random } from '../../tools/random.js';
import { Size } from '../../chaos/kit/size.js';

describe('seeds', () => {
  const draw = (random: Random): number[] => Array.from({ length: 5 }, () => random.int(1, 1000));

  it('draw the same again', () => {
    expect(draw(new Random(7))).toEqual(draw(new Random(7)));
    expect(draw(new Random(7))).not.toEqual(draw(new Random(8)));
  });

  it('are split by name, so that what one part draws does not change what another draws', () => {
    const random = new Random(7);
    const before = draw(random.fork('faults'));
    draw(random);
    expect(draw(random.fork('faults'))).toEqual(before);
    expect(draw(random.fork('calls'))).not.toEqual(before);
  });

  it('draw every number of a range, both ends included', () => {
    const random = new Random(1);
    const drawn = new Set(Array.from({ length: 200 }, () => random.int(1, 3)));
    expect([...drawn].sort()).toEqual([1, 2, 3]);
  });
});

describe('sizes', () => {
  it.each([
    ['pr', 100, 20_000],
    ['nightly', 300, 20_000],
    ['release', 1000, 30_000],
  ] as const)('%s scales calls, but nothing below two leases', (name, calls, stall) => {
    const size = new Size(name);
    expect(size.count(1000)).toBe(calls);
    expect(size.beyondLease(30_000, 10_000)).toBe(stall);
  });
});

describe('arguments', () => {
  const known = ['S1', 'S2'];

  it('name scenarios, a seed and a size', () => {
    const given = ['--scenario', 's1,S2', '--seed', '7', '--size', 'nightly', '--json'];
    expect(readArguments(given, known)).toMatchObject({
      scenarios: ['S1', 'S2'],
      seeds: [7],
      size: 'nightly',
      json: true,
    });
  });

  it('play all of it several times, with one seed after the other or random ones', () => {
    expect(readArguments(['--seed', '7', '--times', '3'], known).seeds).toEqual([7, 8, 9]);
    expect(new Set(readArguments(['--times', '3'], known).seeds).size).toBeGreaterThan(1);
  });

  it('are pr size and a random seed by default', () => {
    const { size, seeds, scenarios } = readArguments([], known);
    expect(size).toBe('pr');
    expect(seeds.map(Number.isInteger)).toEqual([true]);
    expect(scenarios).toBeUndefined();
  });

  it.each([
    [['--scenario', 'S99'], 'there is no scenario S99'],
    [['--size', 'huge'], '--size is one of'],
    [['--seed', 'x'], '--seed is a whole number'],
    [['--times', '0'], '--times is a whole number'],
  ])('refuses %j', (given, text) => {
    expect(() => readArguments(given, known)).toThrow(text);
  });
});
