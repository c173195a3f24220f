import { readFileSync } from 'node:fs';
import { scenarios } from '../../chaos/scenarios/index.js';
import { rowsIn, tableOf, withTable, type Row } from '../../chaos/table.js';

const row = (scenario: string, seed: number, changes: Partial<Row> = {}): Row => ({
  scenario,
  seed,
  size: 'nightly',
  calls: 1000,
  executions: 1001,
  packed: 900,
  later: 20,
  duplicates: 1,
  duplicateBound: 7,
  lost: 0,
  violations: 0,
  seconds: 60,
  faults: 3,
  longestStall: 40,
  redis: 'Redis 7.0.15',
  node: '20.19.0',
  date: '2026-01-02',
  ...changes,
});

it('reads the last line of an output', () => {
  const rows = [row('S1', 7)];
  expect(rowsIn(`seed 7, size pr\nS1 holds\n${JSON.stringify(rows)}\n`)).toEqual(rows);
  expect(() => rowsIn('seed 7\n')).toThrow('--json');
});

it('adds the seeds up, scenario by scenario', () => {
  const table = tableOf([row('S10', 7), row('S2', 7), row('S2', 8, { longestStall: 90, lost: 2 })]);
  const lines = table.split('\n').filter((line) => line.startsWith('| S'));
  expect(lines).toEqual([
    '| S2 | 2 | 2,000 | 2,002 | 1,800 | 40 | 6 | 2 | 14 | 2 | 90 | 0 |',
    '| S10 | 1 | 1,000 | 1,001 | 900 | 20 | 3 | 1 | 7 | 0 | 40 | 0 |',
  ]);
  expect(table).toContain('on 2026-01-02 with Redis 7.0.15 and Node 20.19.0, at nightly size');
  expect(table).toContain('seeds 7, 8, in 3 minutes');
});

it('has a row for each scenario: the two commands whose figures it is made of leave none out', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: Record<string, string>;
  };
  const played = ['chaos:nightly', 'chaos:soak'].flatMap(
    (name) => /--scenario (\S+)/.exec(scripts[name] ?? '')?.[1]?.split(',') ?? [],
  );
  expect(played.toSorted()).toEqual(scenarios.map(({ name }) => name).toSorted());
});

it('has its place in the guarantees, and leaves all else there as it is', () => {
  const document = readFileSync('docs/guarantees.md', 'utf8');
  const once = withTable(document, [row('S1', 7)]);
  expect(once).toContain('| S1 | 1 | 1,000 |');
  const twice = withTable(once, [row('S2', 8)]);
  expect(twice).not.toContain('| S1 | 1 | 1,000 |');
  const begin = document.indexOf('<!-- figures');
  expect(twice.slice(0, begin)).toBe(document.slice(0, begin));
  expect(twice.split('<!-- end')[1]).toBe(document.split('<!-- end')[1]);
  expect(() => withTable('# nothing', [row('S1', 7)])).toThrow('no place');
});
