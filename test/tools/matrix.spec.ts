import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { endsWithThis } from '../../tools/process.js';
import { repository } from '../../tools/repository.js';
import { eventually } from '../../tools/wait.js';
import { CONSUMERS } from '../../scripts/consumers/projects.js';
import { CELLS, PARTS } from '../../scripts/matrix/cells.js';
import { Progress } from '../../scripts/matrix/progress.js';
import { isPlayed, type Played, records } from '../../scripts/matrix/records.js';
import { compatibilityTable } from '../../scripts/matrix/table.js';

const { played, consumed } = records();
const DAY = /^20\d\d-\d\d-\d\d$/;

it('every result is of a cell and a part that there are, and has versions and a day', () => {
  const cells = CELLS.map(({ name }) => name);
  for (const { cell, part, passed, server, node, date, commit } of played) {
    expect(cells).toContain(cell);
    expect(Object.keys(PARTS)).toContain(part);
    expect(passed).toMatch(/^[1-9]\d* /);
    expect(server).toMatch(/^(?:Redis|Valkey) \d+\.\d+\.\d+$/);
    expect(node).toMatch(/^\d+\.\d+\.\d+$/);
    expect(date).toMatch(DAY);
    if (commit !== undefined) expect(commit).toMatch(/^[0-9a-f]{10,}$/);
  }
});

it('all projects of consumers worked, and their versions and days are known', () => {
  expect(consumed.map(({ project }) => project)).toEqual(
    CONSUMERS.map(({ name }) => name).toSorted(),
  );
  for (const { versions, date } of consumed) {
    expect(Object.values(versions).every((version) => /^\d+\.\d+\.\d+$/.test(version))).toBe(true);
    expect(date).toMatch(DAY);
  }
});

it('each part was played in each cell', () => {
  const all = CELLS.flatMap(({ name }) => Object.keys(PARTS).map((part) => `${name} ${part}`));
  expect(played.map(({ cell, part }) => `${cell} ${part}`).toSorted()).toEqual(all.toSorted());
});

it('the table has a line for each cell that was played, and its days', () => {
  const lines = compatibilityTable().split('\n');
  for (const { passed, server, node, date } of played) {
    const line = lines.find((each) => each.startsWith(`| ${server} | ${node} |`));
    expect(line).toContain(`${passed}, ${date}`);
  }
});

it('what passed today on the same versions is not missing', () => {
  const record: Played = {
    ...{ cell: 'redis-8.0', part: 'integration', passed: '3 tests' },
    ...{ server: 'Redis 8.0.2', node: '20.20.2', date: '2026-01-31' },
  };
  const all = { played: [record], consumed: [] };
  expect(isPlayed(record, all)).toBe(true);
  const others: Partial<Played>[] = [
    { cell: 'redis-7.0' },
    { part: 'chaos' },
    { server: 'Redis 8.0.3' },
    { node: '22.0.0' },
    { date: '2026-02-01' },
  ];
  for (const other of others) expect(isPlayed({ ...record, ...other }, all)).toBe(false);
});

it('scenarios that held are kept until the chaos suite of their cell is over, the day, or a version', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nrs-matrix-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const on = { server: 'Redis 8.0.2', node: '20.20.2', date: '2026-01-31' };
  new Progress('redis-8.0', on, folder).keep('S1', 10);
  const later = new Progress('redis-8.0', on, folder);
  later.keep('S2', 20);
  expect(later.calls).toEqual({ S1: 10, S2: 20 });
  expect(new Progress('redis-8.0', { ...on, date: '2026-02-01' }, folder).calls).toEqual({});
  expect(new Progress('redis-8.0', { ...on, node: '22.0.0' }, folder).calls).toEqual({});
  expect(new Progress('redis-7.0', on, folder).calls).toEqual({});
  later.forget();
  expect(later.calls).toEqual({});
});

it('a program that is told to end takes with it what it has started', async () => {
  const script = `
    import { runProgram } from './scripts/matrix/program.ts';
    const inner = 'require("node:child_process").spawn("sleep", ["60"], { stdio: ["ignore", "ignore", "inherit"] });' +
      'console.error("up"); setInterval(() => {}, 1000);';
    await runProgram(process.execPath, ['-e', inner], { cwd: process.cwd(), env: process.env });
  `;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const child = endsWithThis(
    spawn(process.execPath, args, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  // What the last of them holds open is closed when all have ended.
  const closed = once(child, 'close');
  await eventually(() => expect(said).toContain('up'), 30_000);
  child.kill('SIGTERM');
  expect(await closed).toEqual([130, null]);
});
