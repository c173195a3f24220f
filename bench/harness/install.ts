// The peers' packages are installed on first use, into this folder and from its own lockfile.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMain } from '../../tools/is-main.js';
import { repository } from '../../tools/repository.js';

const folder = join(repository, 'bench');
const lockfile = join(folder, 'package-lock.json');
const installed = join(folder, 'node_modules', '.package-lock.json');
const library = join(repository, 'libs', 'redis-stream-transport', 'dist', 'index.js');

export function ensureInstalled(): void {
  if (!existsSync(library)) fail('the library is not built: npm run build:lib');
  install();
}

function install(): void {
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return;
  console.error('installing the packages of the peers ...');
  const command = ['ci', '--silent', '--no-fund', '--no-audit'];
  const { status } = spawnSync('npm', command, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) fail('npm ci failed in the folder bench');
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

// For the compiler, which needs the packages and no library.
if (isMain(import.meta.url)) install();
