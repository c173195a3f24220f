// Builds the library as plain JavaScript into a folder that is named after the hash of its sources. So a run
// uses one build from beginning to end, whatever is built meanwhile.
import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, repository } from '../../tools/repository.js';

const project = join(repository, 'libs', 'redis-stream-transport');
const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');

/** Inside the repository, so that the library finds its peer dependencies. Not under version control. */
export const builds = join(cache, 'chaos');

/** Folder of the build. Its files are never changed. */
export function buildLibrary(): string {
  const folder = join(builds, `library-${hashOfSources()}`);
  if (existsSync(folder)) return folder;
  mkdirSync(builds, { recursive: true });
  const unfinished = `${folder}-${randomUUID()}`;
  const args = ['-p', join(project, 'tsconfig.lib.json'), '--outDir', unfinished];
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new Error(`the library does not build:\n${stdout}${stderr}`);
  }
  try {
    renameSync(unfinished, folder);
  } catch {
    // Another run was faster; what it built is the same.
    rmSync(unfinished, { recursive: true });
  }
  return folder;
}

function hashOfSources(): string {
  const sources = join(project, 'src');
  const hash = createHash('sha256');
  const names = readdirSync(sources, { recursive: true, encoding: 'utf8' });
  for (const name of names.filter((each) => each.endsWith('.ts')).sort()) {
    if (name.endsWith('.spec.ts')) continue;
    hash.update(`${name}\0${readFileSync(join(sources, name), 'utf8')}\0`);
  }
  return hash.digest('hex').slice(0, 16);
}
