// A Python with what the client for Python and its tests need, where there is one.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from './repository.js';

/** What its tests and checks need, to the digit: a check that changes overnight checks nothing. */
const NEEDED = [
  'redis==8.1.0',
  'msgpack==1.2.4',
  'cryptography==50.0.2',
  'pytest==9.2.0',
  'pytest-asyncio==1.5.0',
  'pytest-xdist==3.8.0',
  'mypy==2.4.1',
  'ruff==0.17.6',
  'build==1.6.1',
  'hatchling==1.33.0',
  'twine==7.0.0',
];

/** What is said where there is no Python. */
export const HOW_TO_GET =
  'skipped: no Python 3.10 with venv and its packages here; apt-get install python3-venv, or NRS_PYTHON=<path>';

/**
 * A Python with what the tests need: that of `NRS_PYTHON`, or an environment in the cache. Undefined: there is none. It
 * is made beside its place and then moved there, since test files in several processes may ask at once.
 */
export function pythonAt(): string | undefined {
  if (process.env['NRS_PYTHON'] !== undefined) return process.env['NRS_PYTHON'];
  const hash = createHash('sha256').update(NEEDED.join(' ')).digest('hex').slice(0, 16);
  const folder = join(cache, `python-${hash}`);
  const own = join(folder, 'bin/python');
  if (existsSync(folder)) return own;
  const made = `${folder}.${process.pid}`;
  try {
    mkdirSync(cache, { recursive: true });
    const options = { stdio: 'ignore', timeout: 120_000 } as const;
    execFileSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))'], options);
    execFileSync('python3', ['-m', 'venv', '--clear', made], options);
    const install = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...NEEDED];
    execFileSync(join(made, 'bin/python'), install, options);
    if (!existsSync(folder)) renameSync(made, folder);
  } catch {
    // Another process may have moved its own there meanwhile.
    if (!existsSync(folder)) return undefined;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return own;
}
