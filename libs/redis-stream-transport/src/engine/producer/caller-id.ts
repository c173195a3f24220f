import { randomBytes } from 'node:crypto';

/**
 * A new id of a caller: 128 random bits. They are a secret: a program that knows them could answer calls in place of a
 * service. No dash stands first, because a command would take the id of a call for an option.
 */
export const newCallerId = (): string => randomBytes(16).toString('base64url').replace(/^-/, '_');
