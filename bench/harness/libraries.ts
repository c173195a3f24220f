// Packages that are not this folder's own.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const ofTheTransport = createRequire(import.meta.resolve('nestjs-redis-streams'));
const ofTheBench = createRequire(import.meta.url);

/**
 * The ioredis that Nest and the transport run on. The one in this folder is moleculer's and BullMQ's:
 * an older one, with which they are somewhat faster.
 */
export const ioredis: typeof import('ioredis') = ofTheTransport('ioredis');

/** Of what the transport uses. */
export const versionOf = (name: string) => versionAbove(ofTheTransport.resolve(name));

/** Of what is installed in this folder. */
export const benchVersionOf = (name: string) => versionAbove(ofTheBench.resolve(name));

/** Whether it is installed, in this folder or above it. */
export function isInstalled(name: string): boolean {
  try {
    ofTheBench.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Not every package exports its package.json. */
function versionAbove(file: string): string {
  const folder = dirname(file);
  const description = join(folder, 'package.json');
  if (existsSync(description)) {
    const { version } = JSON.parse(readFileSync(description, 'utf8'));
    if (version !== undefined) return version;
  }
  return versionAbove(folder);
}
