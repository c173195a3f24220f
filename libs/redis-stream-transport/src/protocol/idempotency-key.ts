import { MAX_KEY_LENGTH } from './limits.js';

/** What is wrong with an idempotency key; undefined: nothing. */
export function wrongKey(key: string | undefined): string | undefined {
  if (key !== undefined && key !== '' && key.length <= MAX_KEY_LENGTH) return undefined;
  return `an idempotency key has 1 to ${MAX_KEY_LENGTH} characters`;
}
