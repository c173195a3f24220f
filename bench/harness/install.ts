// The peers' packages are installed on first use, into this folder and from its own lockfile.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..');
const lockfile = join(folder, 'package-lock.json');
const installed = join(folder, 'node_modules', '.package-lock.json');
const library = join(folder, '..', 'libs', 'redis-stream-transport', 'dist', 'index.js');

export function ensureInstalled() {
  if (!existsSync(library)) fail('the library is not built: npm run build:lib');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return;
  console.error('installing the packages of the peers ...');
  const command = ['ci', '--silent', '--no-fund', '--no-audit'];
  const { status } = spawnSync('npm', command, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) fail('npm ci failed in the folder bench');
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message);
  process.exit(1);
}
