import { property, thrownText } from '../thrown.js';

/** The properties of an error that are kept: they say why, and hold nothing that was sent. */
const FACTS = ['code', 'errno', 'syscall', 'address', 'port', 'hostname', 'reason'] as const;
/** How many causes of causes are kept. */
const DEPTH = 4;
const MAX_PARTS = 16;

/**
 * A copy of an error without secrets. Errors of ioredis hold the command that they answer, and with it passwords and
 * the data of other calls. Redis repeats in its message what it did not understand.
 */
export function bareError(error: unknown, depth = DEPTH): Error {
  const bare = new Error(bareMessage(error));
  if (!(error instanceof Error)) return bare;
  // The error around this one has the stack of the caller. The stack inside ioredis helps nobody.
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

/**
 * The text of an error: one line, of bounded length, without the arguments that Redis repeats of an unknown command.
 */
export function bareMessage(error: unknown): string {
  // The error of an attempt at several addresses has no text of its own, but an error for each.
  const parts = property(error, 'errors');
  const several = property(error, 'message') === '' && Array.isArray(parts) && parts.length > 0;
  const text = thrownText(several ? parts[0] : error);
  return text.replace(/,?\s*with args beginning with:[\s\S]*$/i, '').replace(/\p{Cc}+/gu, ' ');
}
