import { hostname } from 'node:os';
import { basename } from 'node:path';
import type { LinkRole } from './link-settings.js';

/** Characters of each part. Redis takes any length, and people read the list. */
const MAX_PART = 64;

/**
 * What `CLIENT LIST` shows: `nestjs-redis-streams:server:reader:orders:web-1-4711`. Redis takes printable
 * characters without spaces only.
 *
 * @param of group, or application
 */
export function connectionNames(
  side: 'server' | 'client' | 'dead-letters',
  of: string,
  instance: () => string,
): (role: LinkRole) => string {
  return (role) => ['nestjs-redis-streams', side, role, of, instance()].map(part).join(':');
}

/** This process: host and number. Never the id of a caller, which is a secret. */
export function thisProcess(): string {
  return `${hostname()}-${process.pid}`;
}

/** The application that runs in this process, as far as it has a name. */
export function thisApplication(): string {
  const { npm_package_name: name } = process.env;
  if (name !== undefined && name !== '') return name;
  return basename(process.argv[1] ?? '').replace(/\.[cm]?[jt]s$/, '') || 'node';
}

function part(text: string): string {
  return text.replace(/[^!-~]|:/gu, '_').slice(0, MAX_PART);
}
