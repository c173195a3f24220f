import { randomBytes } from 'node:crypto';

/** A new id for an incarnation: 96 random bits. */
export function freshId(): string {
  return randomBytes(12).toString('base64url');
}
