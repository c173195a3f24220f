// Servers that other suites of Debian have, or a wheel of PyPI, unpacked into a folder of the cache with all libraries that
// they need. They are started by the loader that came with these.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from '../repository.js';
import { fetchPackages } from './distribution-package.js';
import type { Server } from './server.js';
import { programOf, type Wheel } from './wheel.js';

export interface SuiteServer {
  /** Names its folder. */
  readonly name: string;
  readonly server: 'redis-server' | 'valkey-server';
  /** The suite that has it, and suites that have what it needs. */
  readonly suites: readonly [string, ...string[]];
  /** The wheel that has it, where no suite does: of the suite come only the libraries that it needs. */
  readonly wheel?: Wheel & {
    readonly needs: { readonly packages: string[]; readonly library: string };
  };
}

/** The server, which is fetched first if it is not in the cache; undefined where that is not possible. */
export function serverOf({ name, server, suites, wheel }: SuiteServer): Server | undefined {
  const folder = join(cache, 'servers', name);
  const root = join(folder, 'root');
  const own = join('usr/bin', server);
  const holds = (unpacked: string) =>
    existsSync(join(unpacked, wheel?.needs.library ?? own)) && loaderIn(unpacked) !== undefined;
  if (!holds(root)) {
    const packages = wheel?.needs.packages ?? [server, server.replace('server', 'tools')];
    const offer = { packages, holds };
    if (!fetchPackages(folder, [offer], `fetching ${name} of Debian's ${suites[0]} into`, suites))
      return undefined;
  }
  const program = wheel === undefined ? join(root, own) : programOf(wheel, folder);
  if (program === undefined) return undefined;
  const bin = join(folder, server);
  const libraries = librariesIn(root).join(':');
  // The program looks at the name by which it is called: it is several programs in one file.
  const line = `exec '${loaderIn(root)}' --library-path '${libraries}' '${program}' "$@"`;
  writeFileSync(bin, `#!/bin/sh\n${line}\n`);
  chmodSync(bin, 0o755);
  const { status } = spawnSync(bin, ['--version'], { stdio: 'ignore' });
  return status === 0 ? { bin, env: process.env, from: 'cache' } : undefined;
}

/** The folders of libraries. Before trixie there are two. */
function librariesIn(root: string): string[] {
  return ['usr/lib', 'lib'].flatMap((part) => {
    const folder = join(root, part);
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names.filter((name) => name.endsWith('-linux-gnu')).map((name) => join(folder, name));
  });
}

/** The dynamic loader among them. */
function loaderIn(root: string): string | undefined {
  for (const folder of librariesIn(root)) {
    const name = readdirSync(folder).find((each) => /^ld-linux.*\.so\.\d+$/.test(each));
    if (name !== undefined) return join(folder, name);
  }
  return undefined;
}
