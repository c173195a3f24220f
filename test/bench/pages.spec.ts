import { AIMS } from '../../bench/aims/aims.js';
import { judgeRatios } from '../../bench/aims/judge.js';
import { chart, LONGEST } from '../../bench/pages/chart.js';
import { FULL, pagesOf, PICTURE, SHORT } from '../../bench/pages/pages.js';
import { picture } from '../../bench/pages/picture.js';
import { withPlace } from '../../bench/pages/places.js';
import { ratioRows, redisRows, titlesOf } from '../../bench/pages/short-tables.js';
import { together, type Run } from '../../bench/report/read.js';
import type { Cell } from '../../bench/report/cells.js';
import { marksOf } from '../../scripts/measured.js';
import { read } from '../docs/documents.js';
import { cell } from './measured.js';

const run: Run = {
  date: '2026-01-02T03:04:05.678Z',
  machine: { cores: 2, loadBefore: 0.1 },
  options: { rounds: 5, duration: 1 },
  commit: '1234567',
};
const versions = { node: '20.1.2', ioredis: '6.0.0', redis: 'Redis 7.0.15', nats: 'NATS 2.9.10' };
const results = (cells: Cell[], more: Partial<Run> = {}) =>
  together([{ ...run, ...more, versions, cells, facts: [] }]);

/** 128 calls in flight. */
const cells = [
  cell('ours', 1, { callsPerSecond: 50_000, cpuPer10k: 0.2 }),
  cell('redis', 1, { callsPerSecond: 25_000, cpuPer10k: 0.5 }),
  cell('tcp', 1, { callsPerSecond: 100_000, cpuPer10k: 0.25 }),
];

interface Drawn {
  readonly name: string;
  readonly length: number;
  readonly figure: string;
}

/** What the picture shows, from top to bottom; a bar stands between its name and its figure. */
const barsOf = (svg: string): Drawn[] =>
  [
    ...svg.matchAll(
      /<text[^>]*>([^<]*)<\/text>\n<rect class="(?:own|other)"[^>]*? width="([\d.]+)"[^>]*>\n<text[^>]*>([^<]*)</g,
    ),
  ].map(([, name = '', length, figure = '']) => ({ name, length: Number(length), figure }));

describe('the picture', () => {
  it('has bars as long as what was measured, the longest of each load over the whole width', () => {
    expect(barsOf(picture(cells))).toEqual([
      { name: 'this transport', length: LONGEST / 2, figure: '50 000' },
      { name: 'Nest Redis', length: LONGEST / 4, figure: '25 000' },
      { name: 'Nest TCP', length: LONGEST, figure: '100 000' },
      // Seconds per 10,000 calls, as microseconds per call.
      { name: 'this transport', length: (LONGEST * 2) / 5, figure: '20.0' },
      { name: 'Nest Redis', length: LONGEST, figure: '50.0' },
      { name: 'Nest TCP', length: LONGEST / 2, figure: '25.0' },
    ]);
  });

  it('has medians of the rounds', () => {
    const rounds = [10_000, 30_000, 90_000].map((callsPerSecond, round) =>
      cell('redis', round, { callsPerSecond }),
    );
    expect(barsOf(picture([...cells.slice(0, 1), ...rounds]))[1]?.figure).toBe('30 000');
  });

  it('leaves out who was not measured, who is not known, and loads without ours', () => {
    const others = [
      cell('moleculer', 1),
      cell('ours-once', 1),
      cell('redis', 1, { concurrency: 1024 }),
      cell('nats', 1, { concurrency: 1024 }),
    ];
    expect(picture([...cells, ...others])).toBe(picture(cells));
    expect(() => picture(others)).toThrow('nothing was measured');
  });

  it('stays inside its frame with a figure of six digits, and keeps what a name has in it', () => {
    const bar = { name: 'a < b & c', value: 1, text: '123 456', own: true };
    const svg = chart('bars', [{ title: 'one', bars: [bar] }]);
    expect(svg).toContain('a &lt; b &amp; c');
    const [, width] = /<svg[^>]* width="(\d+)"/.exec(svg) ?? [];
    const [, x] = /<text x="(\d+)"[^>]*>123 456</.exec(svg) ?? [];
    // Ten pixels for a bold digit are more than any common font has.
    expect(Number(x) + 7 * 10).toBeLessThan(Number(width));
  });
});

describe('the small table', () => {
  it('has ratios of those who took part, and is bold where the other one is ahead', () => {
    expect(ratioRows(judgeRatios(cells))).toEqual([
      ['ours divided by', 'Nest Redis', 'Nest TCP'],
      ['128 in flight, calls/s', '2.00', '**0.50**'],
      ['128 in flight, processor time per call of all processes', '0.40', '0.80'],
      ['128 in flight, p99', '1.00', '1.00'],
    ]);
    const slower = cells.map((one) => ({ ...one, p99ms: one.peer === 'ours' ? 3 : 2 }));
    expect(ratioRows(judgeRatios(slower)).at(-1)?.slice(1)).toEqual(['**1.50**', '**1.50**']);
  });

  it('says of a peer that some of its calls failed', () => {
    const failed = cells.map((one) => (one.peer === 'redis' ? { ...one, errors: 3 } : one));
    expect(ratioRows(judgeRatios(failed))[1]?.[1]).toBe('2.00 (3 of their calls failed)');
  });

  it('of Redis has microseconds per call, of those who use it, and no events', () => {
    const broker = (peer: string, seconds: number, more: Partial<Cell> = {}) =>
      cell(peer, 1, { cpu: { client: 1, service: 1, broker: seconds }, ...more });
    const events = AIMS.find(({ load }) => load.load === 'events')?.load;
    const rows = redisRows(
      [broker('ours', 0.05), broker('nats', 0.3), broker('ours', 1, events)],
      titlesOf(AIMS),
    );
    expect(rows).toEqual([
      ['µs of Redis per call', 'this transport'],
      ['128 in flight', '5.00'],
    ]);
  });
});

describe('a place of a document', () => {
  const document = 'before\n\n<!-- here: printed -->\n\nold\n\n<!-- /here -->\n\nafter\n';

  it('is replaced, and nothing around it', () => {
    expect(withPlace(document, 'here', 'new')).toBe(document.replace('old', 'new'));
    expect(withPlace(withPlace(document, 'here', 'new'), 'here', 'old')).toBe(document);
  });

  it('must be there', () => {
    expect(() => withPlace(document, 'there', 'new')).toThrow('no place for there');
    expect(() => withPlace('<!-- here: printed -->', 'here', 'new')).toThrow('no place for here');
  });
});

describe('the pages', () => {
  it('have their places in the documents, and say of what commit their figures are', () => {
    const pages = pagesOf(results(cells), read);
    expect(Object.keys(pages)).toEqual([PICTURE, SHORT, FULL]);
    expect(pages[PICTURE]).toBe(picture(cells));
    expect(marksOf(pages[SHORT] ?? '').map(({ commit }) => commit)).toEqual(['1234567', '1234567']);
    expect(marksOf(pages[FULL] ?? '').map(({ commit }) => commit)).toContain('1234567');
    expect(pages[SHORT]).toContain('| 128 in flight, calls/s | 2.00 | **0.50** |');
    expect(pages[SHORT]).toContain(
      'Measured on 2026-01-02 on 2 cores (load before: 0.1), 1 round of 1 s. ' +
        'With Redis 7.0.15, NATS 2.9.10, Node 20.1.2, ioredis 6.0.0.',
    );
    expect(pages[FULL]).toContain('### 128 in flight\n\n|  | calls/s |');
    expect(pages[FULL]).toContain('2.00 ≥2.5 MISSED');
  });

  it('count rounds that were played, and list what was missed', () => {
    const twice = [...cells, ...cells.map((one) => ({ ...one, round: 2 }))];
    const full = pagesOf(results(twice), read)[FULL];
    expect(full).toContain('2 rounds of 1 s.');
    expect(full).toContain(
      'Missed, with the least and the most of the rounds:\n\n' +
        '- 128 in flight, calls/s, to redis: 2.00 [2.00 – 2.00] in 2 rounds, aim ≥2.5\n',
    );
  });

  it('are the same when the same figures are printed again', () => {
    const first = pagesOf(results(cells), read);
    expect(pagesOf(results(cells), (file) => first[file] ?? '')).toEqual(first);
  });

  it('take the commit from the command line for runs that do not say theirs, and never two', () => {
    const { commit: _commit, ...unknown } = run;
    const silent = together([{ ...unknown, versions, cells, facts: [] }]);
    expect(() => pagesOf(silent, read)).toThrow('--at');
    expect(marksOf(pagesOf(silent, read, '89abcde')[SHORT] ?? '')[0]?.commit).toBe('89abcde');
    const both = together([
      { ...run, versions, cells, facts: [] },
      { ...run, commit: '89abcde', versions, cells, facts: [] },
    ]);
    expect(() => pagesOf(both, read)).toThrow('one commit');
  });
});
