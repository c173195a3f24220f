import { AIMS } from '../../bench/aims/aims.js';
import { chosen, partsOf } from '../../bench/aims/parts.js';
import { aim, load } from './measured.js';

const everybody = () => true;

describe('the parts of a run', () => {
  it('measure a load once, however many rows name it, with all whom these name', () => {
    const p99 = { ...aim, metric: 'p99ms' as const, to: { tcp: 1 } };
    const once = { ...aim, of: 'ours-once', to: { ours: 0.7 } };
    expect(partsOf([aim, p99, once], everybody)).toEqual([
      {
        instances: 1,
        callers: undefined,
        peers: ['ours', 'redis', 'nats', 'tcp', 'ours-once'],
        cases: [{ load, peers: ['ours', 'redis', 'nats', 'tcp', 'ours-once'] }],
      },
    ]);
  });

  it('share the processes of loads that need the same ones, and no others', () => {
    const other = (more: object) => ({ ...aim, load: { ...load, ...more } });
    const parts = partsOf(
      [aim, other({ concurrency: 16 }), other({ instances: 4 }), other({ callers: 10 })],
      everybody,
    );
    expect(
      parts.map(({ cases, instances, callers }) => [cases.length, instances, callers]),
    ).toEqual([
      [2, 1, undefined],
      [1, 4, undefined],
      [1, 1, 10],
    ]);
  });

  it('leave out peers that shall not take part', () => {
    expect(partsOf([aim], (peer) => peer !== 'nats')[0]?.peers).toEqual(['ours', 'redis']);
  });

  it('play every row of the table', () => {
    const played = partsOf(AIMS, everybody).flatMap(({ cases }) => cases);
    for (const { load: wanted, of, to } of AIMS) {
      const one = played.find((other) => other.load === wanted || sameLoad(other.load, wanted));
      expect(one?.peers).toEqual(expect.arrayContaining([of, ...Object.keys(to)]));
    }
  });
});

const sameLoad = (one: object, other: object) => JSON.stringify(one) === JSON.stringify(other);

describe('rows by their titles', () => {
  const rows = [{ title: '1,024 in flight' }, { title: 'Events' }];

  it('are all rows when nothing is asked for', () => {
    expect(chosen(rows, [])).toBe(rows);
  });

  it('are those that have one of the texts in their title', () => {
    expect(chosen(rows, ['1,024', 'other'])).toEqual([rows[0]]);
    expect(chosen(rows, ['events'])).toEqual([rows[1]]);
  });
});
