// Clocks that can be set, one per process, by means of libfaketime. Monotonic clocks stay as they are, as when
// the clock of a real machine is set.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchPackages } from '../../tools/redis/distribution-package.js';
import { cache as cacheFolder } from '../../tools/repository.js';

const name = 'faketime/libfaketimeMT.so.1';
const cache = join(cacheFolder, 'faketime');

/**
 * Path of the library: from NRS_FAKETIME, where distributions put it, or unpacked from the distribution's
 * package, as the server is; undefined where there is none.
 */
export function findFaketime(): string | undefined {
  const named = process.env.NRS_FAKETIME;
  if (named) return existsSync(named) ? named : undefined;
  const found = faketimeIn([
    '/usr/lib',
    '/usr/lib64',
    '/usr/local/lib',
    join(cache, 'root/usr/lib'),
  ]);
  if (found !== undefined) return found;
  const holds = (root: string) => faketimeIn([join(root, 'usr/lib')]) !== undefined;
  const why = "no libfaketime found: fetching the distribution's package into";
  fetchPackages(cache, [{ packages: ['libfaketime'], holds }], why);
  return faketimeIn([join(cache, 'root/usr/lib')]);
}

function faketimeIn(folders: readonly string[]) {
  for (const folder of folders) {
    if (!existsSync(folder)) continue;
    const nested = readdirSync(folder).filter((each) => /-linux-gnu/.test(each));
    for (const place of [folder, ...nested.map((each) => join(folder, each))]) {
      if (existsSync(join(place, name))) return join(place, name);
    }
  }
  return undefined;
}

function loadedLibc(): string | undefined {
  if (!existsSync('/proc/self/maps')) return undefined;
  return /\S*\/libc\.so\.6$/m.exec(readFileSync('/proc/self/maps', 'utf8'))?.[0];
}

export class Clocks {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nrs-chaos-clocks-'));
  /**
   * The allocator of the C library is preloaded too: the server's own allocator would ask for the time before
   * libfaketime is ready.
   */
  readonly #library = [findFaketime(), loadedLibc()].filter(Boolean).join(' ');

  /** Environment variables for a process whose clock gets this name. */
  environment(clock: string): Record<string, string> {
    this.set(clock, 0);
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: join(this.#folder, clock),
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** Sets the clock to this many seconds away from the true time. A process notices it within three seconds. */
  set(clock: string, seconds: number): void {
    writeFileSync(join(this.#folder, clock), `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}`);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
