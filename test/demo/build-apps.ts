import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from '../../tools/repository.js';

const sources = [
  'libs/redis-stream-transport/src',
  'apps/demo-contract/src',
  'apps/demo-service/src',
  'apps/demo-client/src',
];
const builds = [
  'libs/redis-stream-transport/dist/index.js',
  'dist/apps/demo-contract/index.js',
  'dist/apps/demo-service/main.js',
  'dist/apps/demo-client/main.js',
];

/** Builds what a user would run, if the sources are newer: the apps, and the package below them. */
export async function buildApps(): Promise<void> {
  if (!buildIsStale()) return;
  await promisify(execFile)('npm', ['run', '-s', 'build'], { cwd: repository });
}

/** Missing, or older than a source: then the apps would do what the code did yesterday. */
function buildIsStale(): boolean {
  const built = builds.map((file) => join(repository, file));
  if (!built.every((file) => existsSync(file))) return true;
  const newestSource = Math.max(...sources.flatMap((folder) => changes(join(repository, folder))));
  return newestSource > Math.min(...built.map((file) => statSync(file).mtimeMs));
}

function changes(folder: string): number[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.map((name) => statSync(join(folder, name)).mtimeMs);
}
