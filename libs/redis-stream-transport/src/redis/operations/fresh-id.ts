import { randomBytes } from 'node:crypto';

/** A name for a memory of Redis: 96 random bits. */
export function freshId(): string {
  return randomBytes(12).toString('base64url');
}
