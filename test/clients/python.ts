import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, repository } from '../../tools/repository.js';

const CLIENT = join(repository, 'clients/python');
/** What its tests and checks need; a change makes the environment anew. */
const NEEDED = [
  'redis>=8',
  'msgpack>=1.1',
  'pytest>=8',
  'pytest-asyncio>=1',
  'mypy>=1.15',
  'ruff>=0.12',
];

/** What is said where there is no Python. */
export const HOW_TO_GET =
  'skipped: no Python 3.10 with venv and its packages here; apt-get install python3-venv, or NRS_PYTHON=<path>';

/** A Python with what the tests need: that of `NRS_PYTHON`, or an environment in the cache. Undefined: there is none. */
export function pythonAt(): string | undefined {
  if (process.env['NRS_PYTHON'] !== undefined) return process.env['NRS_PYTHON'];
  const folder = join(cache, 'python');
  const own = join(folder, 'bin/python');
  const note = join(folder, 'needed');
  if (existsSync(note) && readFileSync(note, 'utf8') === NEEDED.join(' ')) return own;
  try {
    mkdirSync(cache, { recursive: true });
    const options = { stdio: 'ignore', timeout: 120_000 } as const;
    execFileSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))'], options);
    execFileSync('python3', ['-m', 'venv', '--clear', folder], options);
    execFileSync(own, ['-m', 'pip', 'install', '-q', ...NEEDED], options);
  } catch {
    return undefined;
  }
  writeFileSync(note, NEEDED.join(' '));
  return own;
}

/** Runs a module of Python in the folder of the client, and answers what it said if it failed. */
export async function python(
  at: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const child = spawn(at, ['-m', ...words], {
    cwd: CLIENT,
    env: { ...process.env, PYTHONPATH: join(CLIENT, 'src'), PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  return code === 0 ? '' : said;
}
