// The last resort of the launcher: the distribution's own Redis package, unpacked into a folder of
// the repository. No root, no installed package, no service on port 6379; apt checks the signatures.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cache } from '../repository.js';
import type { Server } from './server.js';

export const cacheFolder = process.env.NRS_CACHE ?? join(cache, 'redis');

/** Packages that belong together, and the test of whether the unpacked files are those that are wanted. */
export interface Offer {
  readonly packages: readonly string[];
  readonly holds: (root: string) => boolean;
}

// The tools package is named too: on Debian it holds the binary that redis-server links to, and a
// machine that has only the tools would otherwise be left with a dangling link.
const suites = [
  { server: 'redis-server', packages: ['redis-server', 'redis-tools'] },
  { server: 'valkey-server', packages: ['valkey-server', 'valkey-tools'] },
];

const succeeds = (command: string, args: readonly string[]) =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** The server that an earlier run unpacked, with the environment that it needs to start. */
export function unpackedServer(): Server | undefined {
  const root = join(cacheFolder, 'root');
  for (const { server } of suites) {
    const bin = join(root, 'usr/bin', server);
    if (!existsSync(bin)) continue;
    const libraries = ['usr/lib', 'lib'].flatMap((folder) => multiarchFolders(join(root, folder)));
    const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(':') };
    return { bin, env, from: 'cache' };
  }
  return undefined;
}

function multiarchFolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => /-linux-gnu/.test(name));
  return names.map((name) => join(folder, name));
}

/** Downloads and unpacks the package; undefined where there is no apt or it has nothing to offer. */
export function fetchServer(): Server | undefined {
  const offers = suites.map(({ server, packages }) => ({
    packages,
    holds: (root: string) => existsSync(join(root, 'usr/bin', server)),
  }));
  const why = "no Redis found: fetching the distribution's package into";
  return fetchPackages(cacheFolder, offers, why) ? unpackedServer() : undefined;
}

/**
 * Downloads the first of several packages that the distribution has, and unpacks it into `root` of the folder.
 * False where there is no apt, or it has nothing to offer.
 *
 * @param why printed once, because the download takes a while
 * @param elsewhere suites of Debian, the first of which has it, instead of what the machine itself uses; then all packages that it
 * needs are downloaded too
 */
export function fetchPackages(
  folder: string,
  offers: readonly Offer[],
  why: string,
  elsewhere: readonly string[] = [],
): boolean {
  if (process.platform !== 'linux') return false;
  if (!succeeds('apt-get', ['--version']) || !succeeds('dpkg-deb', ['--version'])) return false;
  console.error(why, folder);
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, 'fetch-'));
  try {
    for (const part of ['lists/partial', 'archives/partial', 'root'])
      mkdirSync(join(work, part), { recursive: true });
    const apt = [
      ...privateApt(work),
      ...(elsewhere.length > 0 ? otherSuites(work, elsewhere) : []),
    ];
    // A package source of a third party may be broken. It only matters whether the download works.
    succeeds('apt-get', [...apt, '-qq', 'update']);
    for (const { packages, holds } of offers)
      if (download(apt, packages) && unpack(work) && holds(join(work, 'root'))) {
        publish(join(work, 'root'), join(folder, 'root'), holds);
        return true;
      }
    return false;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function privateApt(work: string): string[] {
  return [
    `Dir::State::Lists=${work}/lists`,
    `Dir::Cache=${work}`,
    `Dir::Cache::archives=${work}/archives`,
    'Debug::NoLocking=1',
    'APT::Sandbox::User=',
    'Acquire::Retries=2',
  ].flatMap((option) => ['-o', option]);
}

/** As if nothing were installed, and from the same mirror of Debian. */
function otherSuites(work: string, names: readonly string[]): string[] {
  const format = ['indextargets', '--format', '$(REPO_URI)'];
  const known = spawnSync('apt-get', format, { encoding: 'utf8' }).stdout.split('\n');
  const mirror = known.find((uri) => /\/debian\/?$/.test(uri)) ?? 'http://deb.debian.org/debian';
  const signed = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
  const lines = names.map((suite) => `deb ${signed} ${mirror} ${suite} main\n`);
  writeFileSync(join(work, 'sources'), lines.join(''));
  writeFileSync(join(work, 'status'), '');
  return [
    `Dir::Etc::sourcelist=${work}/sources`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::status=${work}/status`,
    `APT::Default-Release=${names[0]}`,
  ].flatMap((option) => ['-o', option]);
}

// --reinstall: a package that is installed, but whose server is not on PATH, is downloaded as well.
function download(apt: readonly string[], packages: readonly string[]): boolean {
  const install = ['-qq', '-y', '--no-install-recommends', '--download-only', '--reinstall'];
  return succeeds('apt-get', [...apt, ...install, 'install', ...packages]);
}

function unpack(work: string): boolean {
  const archives = readdirSync(join(work, 'archives')).filter((name) => name.endsWith('.deb'));
  const root = join(work, 'root');
  return archives.every((name) => succeeds('dpkg-deb', ['-x', join(work, 'archives', name), root]));
}

// If two first runs unpack at once, the second one keeps what is there, since it may be in use.
function publish(root: string, target: string, holds: Offer['holds']): void {
  if (holds(target)) return;
  rmSync(target, { recursive: true, force: true });
  try {
    renameSync(root, target);
  } catch (error) {
    if (!holds(target)) throw error;
  }
}
