import { hostname } from 'node:os';
import { basename } from 'node:path';
import type { LinkRole } from './link-settings.js';

/** Characters of each part. Redis takes any length, but people read the list. */
const MAX_PART = 64;

/**
 * Makes the names that `CLIENT LIST` shows, such as `nestjs-redis-streams:server:reader:orders:web-1-4711`. Redis takes
 * only printable characters, and no spaces.
 *
 * @param of the group or the application
 */
export function connectionNames(
  side: 'server' | 'client' | 'dead-letters' | 'operate' | 'metrics',
  of: string,
  instance: () => string,
): (role: LinkRole) => string {
  return (role) => ['nestjs-redis-streams', side, role, of, instance()].map(part).join(':');
}

/** Names this process: host and process id. Not the id of the caller, which is a secret. */
export function thisProcess(): string {
  return `${hostname()}-${process.pid}`;
}

/** Names the application that runs in this process, as well as it can. */
export function thisApplication(): string {
  const { npm_package_name: name } = process.env;
  if (name !== undefined && name !== '') return name;
  return basename(process.argv[1] ?? '').replace(/\.[cm]?[jt]s$/, '') || 'node';
}

function part(text: string): string {
  return text.replace(/[^!-~]|:/gu, '_').slice(0, MAX_PART);
}
