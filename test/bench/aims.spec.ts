import { AIMS, BOUNDS, type Aim, type Bound } from '../../bench/aims/aims.js';
import { judgeBounds, judgeRatios } from '../../bench/aims/judge.js';
import { boundRows, ratioRows, summary } from '../../bench/aims/tables.js';
import { aim, cell } from './measured.js';

/** Ours and a peer in rounds: calls per second of each. */
const rounds = (peer: string, pairs: readonly (readonly [ours: number, theirs: number])[]) =>
  pairs.flatMap(([ours, theirs], index) => [
    cell('ours', index + 1, { callsPerSecond: ours }),
    cell(peer, index + 1, { callsPerSecond: theirs }),
  ]);

const toRedis: Aim = { ...aim, to: { redis: 2 } };
const judged = (cells: Parameters<typeof judgeRatios>[0], one = toRedis) =>
  judgeRatios(cells, [one])[0];

describe('an aim', () => {
  it('is met by the median of the ratios within a round, not by the ratio of the medians', () => {
    // A machine that becomes slower: medians of 300 and 100, but in no round more than 1.5 times as many.
    const cells = rounds('redis', [
      [900, 600],
      [300, 250],
      [120, 100],
    ]);
    expect(judged(cells)).toMatchObject({
      verdict: 'missed',
      measured: { median: 1.2, min: 1.2, max: 1.5 },
      rounds: 3,
    });
  });

  it('is met where the median is exactly the aim', () => {
    expect(judged(rounds('redis', [[200, 100]]))?.verdict).toBe('met');
  });

  it('of latency and processor time is met by no more, not by no less', () => {
    const cells = [cell('ours', 1, { p99ms: 1 }), cell('redis', 1, { p99ms: 4 })];
    const most = (ratio: number) => ({ ...aim, metric: 'p99ms' as const, to: { redis: ratio } });
    expect(judged(cells, most(0.25))?.verdict).toBe('met');
    expect(judged(cells, most(0.2))?.verdict).toBe('missed');
  });

  it('that was not measured is not met', () => {
    const cells = rounds('redis', [[400, 100]]);
    expect(judgeRatios(cells, [aim]).map(({ to, verdict }) => [to, verdict])).toEqual([
      ['redis', 'met'],
      ['nats', 'not measured'],
    ]);
    expect(judgeRatios([], [aim]).map(({ verdict }) => verdict)).toEqual([
      'not measured',
      'not measured',
    ]);
  });

  it('is not measured by another load of the same transports', () => {
    const cells = rounds('redis', [[400, 100]]).map((one) => ({ ...one, concurrency: 16 }));
    expect(judged(cells)?.verdict).toBe('not measured');
    expect(
      judged(rounds('redis', [[400, 100]]).map((one) => ({ ...one, callers: 10 })))?.verdict,
    ).toBe('not measured');
  });

  it('is missed when a call of ours failed or was never answered', () => {
    for (const trouble of [{ errors: 1 }, { unanswered: 1 }]) {
      const cells = [
        cell('ours', 1, { callsPerSecond: 400, ...trouble }),
        cell('redis', 1, { callsPerSecond: 100 }),
      ];
      expect(judged(cells)).toMatchObject({ verdict: 'missed', failed: { ours: 1, theirs: 0 } });
    }
  });

  it('says in how many rounds it was measured, if not in all', () => {
    const cells = [
      ...rounds('redis', [[400, 100]]),
      cell('ours', 2, { callsPerSecond: 400 }),
      cell('ours', 3, { callsPerSecond: 400 }),
      cell('redis', 3, { callsPerSecond: 0, unanswered: 128 }),
    ];
    expect(judged(cells)).toMatchObject({ rounds: 1, missing: 2, failed: { theirs: 128 } });
    expect(ratioRows(judgeRatios(cells, [toRedis]))[1]).toEqual([
      'calls of the test',
      '4.00 ≥2 met (1 of 3 rounds, 128 of their calls failed)',
      '1.4',
    ]);
  });

  it('of a variant of ours is beside our own default', () => {
    const once = { ...aim, of: 'ours-once', to: { ours: 0.7 } };
    const cells = [
      cell('ours', 1, { callsPerSecond: 100 }),
      cell('ours-once', 1, { callsPerSecond: 60 }),
    ];
    expect(judged(cells, once)).toMatchObject({ verdict: 'missed', measured: { median: 0.6 } });
  });
});

describe('the table of aims', () => {
  it('has a column for each peer, and what was aimed at, measured and found in each cell', () => {
    const { before: _before, ...other } = { ...aim, title: 'another', to: { tcp: 1 } };
    const rows = ratioRows(judgeRatios(rounds('redis', [[150, 100]]), [aim, other]));
    expect(rows).toEqual([
      ['ours divided by', 'redis', 'nats', 'tcp', 'before packs'],
      ['calls of the test', '1.50 ≥2 MISSED', '- ≥3 not measured', '', '1.4'],
      ['another', '', '', '- ≥1 not measured', ''],
    ]);
  });

  it('shows as many digits as it takes to see that an aim was missed', () => {
    expect(ratioRows(judgeRatios(rounds('redis', [[19_996, 10_000]]), [toRedis]))[1]).toContain(
      '1.9996 ≥2 MISSED',
    );
  });

  it('counts, and says what the rounds of each missed aim said', () => {
    const cells = rounds('redis', [
      [150, 100],
      [190, 100],
    ]);
    expect(summary(judgeRatios(cells, [aim]))).toBe(
      '0 of 2 aims met, 1 missed, 1 not measured.\n' +
        'MISSED: calls of the test, to redis: 1.70 [1.50 – 1.90] in 2 rounds, aim ≥2',
    );
  });
});

describe('a bound', () => {
  const figure = (size: number) => ({
    mode: 'growth' as const,
    key: { kind: 'backlog', size },
    value: 'redisMicrosecondsPerCall',
  });
  const bound: Bound = {
    title: 'backlog',
    most: 1.15,
    fact: figure(1000),
    over: figure(0),
    before: '1.07',
  };
  const fact = (size: number, round: number, redisMicrosecondsPerCall: number) => ({
    mode: 'growth',
    key: { kind: 'backlog', size, round },
    values: { redisMicrosecondsPerCall },
  });

  it('is judged by the median of the quotients within a round', () => {
    const facts = [fact(0, 1, 10), fact(1000, 1, 11), fact(0, 2, 20), fact(1000, 2, 24)];
    expect(judgeBounds(facts, [bound])).toMatchObject([
      { verdict: 'met', measured: { median: 1.15, min: 1.1, max: 1.2 }, rounds: 2 },
    ]);
  });

  it('is not measured without what it is divided by', () => {
    expect(judgeBounds([fact(1000, 1, 11), fact(0, 2, 10)], [bound])).toMatchObject([
      { verdict: 'not measured', rounds: 0 },
    ]);
  });

  it('is missed when a call failed, also beside what it is divided by', () => {
    const failed = (size: number) => ({
      ...fact(size, 1, 10),
      values: { redisMicrosecondsPerCall: 10, errors: 2 },
    });
    for (const facts of [
      [fact(0, 1, 10), failed(1000)],
      [failed(0), fact(1000, 1, 10)],
    ])
      expect(boundRows(judgeBounds(facts, [bound]))[1]).toContain('MISSED (2 calls failed)');
  });

  it('of one figure is judged by that', () => {
    const { over: _over, ...alone } = { ...bound, most: 22 };
    const judgedBounds = judgeBounds([fact(1000, 1, 28)], [alone]);
    expect(boundRows(judgedBounds)[1]).toEqual(['backlog', '≤22.0', '28.0', 'MISSED', '1.07']);
  });
});

describe('what is aimed at', () => {
  it('has a title of its own in each row, and never asks a peer to beat itself', () => {
    const titles = [...AIMS, ...BOUNDS].map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    expect(AIMS.filter(({ of, to }) => of in to)).toEqual([]);
  });
});
