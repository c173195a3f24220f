import { property, thrownText } from '../thrown.js';

/** What of an error may be told: what a person needs to know why, and nothing that was sent. */
const FACTS = ['code', 'errno', 'syscall', 'address', 'port', 'hostname', 'reason'] as const;
/** Causes of causes beyond these are left out. */
const DEPTH = 4;
const MAX_PARTS = 16;

/**
 * An error without what hangs on it. Errors of ioredis carry the command they answer, and with it
 * passwords and the data of other calls; Redis repeats what it did not understand in its message.
 */
export function bareError(error: unknown, depth = DEPTH): Error {
  const bare = new Error(bareMessage(error));
  if (!(error instanceof Error)) return bare;
  // The stack of who asked is told by the error around this one; ioredis' own helps nobody.
  const { name } = error;
  delete bare.stack;
  Object.defineProperty(bare, 'name', { value: name, configurable: true, writable: true });
  Object.defineProperty(bare, 'stack', {
    value: `${name}: ${bare.message}`,
    configurable: true,
    writable: true,
  });
  for (const fact of FACTS) {
    const value: unknown = (error as unknown as Record<string, unknown>)[fact];
    if (typeof value === 'string' || typeof value === 'number') {
      Object.defineProperty(bare, fact, { value, configurable: true, enumerable: true });
    }
  }
  if (depth > 0 && error.cause instanceof Error) {
    Object.defineProperty(bare, 'cause', {
      value: bareError(error.cause, depth - 1),
      configurable: true,
    });
  }
  const { errors } = error as AggregateError;
  if (depth > 0 && Array.isArray(errors)) {
    const value = errors.slice(0, MAX_PARTS).map((each) => bareError(each, depth - 1));
    Object.defineProperty(bare, 'errors', { value, configurable: true });
  }
  return bare;
}

/** Its text in one line, of bounded length, without the arguments that Redis repeats of a command it does not know. */
export function bareMessage(error: unknown): string {
  // An attempt at several addresses tells of each, and has no text of its own.
  const parts = property(error, 'errors');
  const several = property(error, 'message') === '' && Array.isArray(parts) && parts.length > 0;
  const text = thrownText(several ? parts[0] : error);
  return text.replace(/,?\s*with args beginning with:[\s\S]*$/i, '').replace(/\p{Cc}+/gu, ' ');
}
