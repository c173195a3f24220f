import { median, spread } from '../../bench/harness/stats.js';
import { nameOf } from '../../bench/report/cells.js';
import { ratiosOf } from '../../bench/report/ratios.js';
import { beside, markdownTable, table } from '../../bench/report/tables.js';
import { cell, load } from './measured.js';

describe('a median', () => {
  it('is the value in the middle, or halfway between the two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([10, 1, 2, 4])).toBe(3);
    expect(median([])).toBeNaN();
  });

  it('leaves out what is not known', () => {
    expect(spread([null, 2, Number.NaN, 1, undefined, 3])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spread([null, Number.POSITIVE_INFINITY])).toBeUndefined();
  });
});

describe('ratios', () => {
  it('are of ours to each other one, for each load and metric', () => {
    const cells = [1, 16].flatMap((concurrency) => [
      cell('redis', 1, { concurrency, callsPerSecond: 500 }),
      cell('ours', 1, { concurrency, callsPerSecond: 500 * concurrency }),
      cell('ours-key', 1, { concurrency, callsPerSecond: 250 }),
    ]);
    const found = ratiosOf(cells).filter(({ metric }) => metric === 'callsPerSecond');
    expect(found.map((one) => [one.load, one.to, one.median])).toEqual([
      ['1 in flight', 'redis', 1],
      ['1 in flight', 'ours-key', 2],
      ['16 in flight', 'redis', 16],
      ['16 in flight', 'ours-key', 32],
    ]);
  });

  it('are not there for what a load does not have', () => {
    const cells = ['ours', 'redis'].map((peer) => cell(peer, 1, { p50ms: null, p99ms: null }));
    expect(ratiosOf(cells).map(({ metric }) => metric)).toEqual(['callsPerSecond', 'cpuPer10k']);
  });
});

test('a load is named by what was done', () => {
  const named = (more: Partial<typeof load>) => nameOf({ ...load, ...more });
  expect(named({})).toBe('128 in flight');
  expect(named({ payload: '10KiB', concurrency: 64 })).toBe('64 in flight, 10KiB');
  expect(named({ mode: 'instances', instances: 4 })).toBe('128 in flight, 4 services');
  expect(named({ mode: 'callers', callers: 100, concurrency: 1 })).toBe(
    '100 callers, 1 in flight each',
  );
  expect(named({ load: 'open', rate: 1000 })).toBe('1000 calls/s');
  expect(named({ load: 'events' })).toBe('events');
});

test('a figure beside another has the digits that tell them apart', () => {
  expect(beside(1.5, 2)).toBe('1.50');
  expect(beside(1.998, 2)).toBe('1.998');
  expect(beside(0.0362, 0.04)).toBe('0.0362');
  expect(beside(2, 2)).toBe('2.00');
  expect(beside(14_100, 4000)).toBe('14 100');
  expect(beside(undefined, 1)).toBe('-');
});

test('tables are aligned for a terminal, and marked up for a page', () => {
  const rows = [
    ['load', 'ours'],
    ['1 in flight', '2'],
  ];
  expect(table(rows)).toBe('load         ours\n-----------  ----\n1 in flight     2');
  expect(markdownTable(rows)).toBe('| load | ours |\n| --- | ---: |\n| 1 in flight | 2 |');
});
