import { property } from '../thrown.js';
import { PASSED } from './passed-fault.js';

/**
 * An error as it is sent, with the stack of what was thrown. Texts and lists have no place for it, and stay as they are;
 * a `stack` of the error's own stays too. So does an error of the transport that is passed on: it must stay one.
 */
export function withStack(error: unknown, stack: string | undefined): unknown {
  if (stack === undefined || typeof error !== 'object' || error === null || Array.isArray(error))
    return error;
  if (property(error, PASSED) === true) return error;
  const toJSON = property(error, 'toJSON');
  try {
    const plain: unknown = typeof toJSON === 'function' ? Reflect.apply(toJSON, error, []) : error;
    if (typeof plain !== 'object' || plain === null) return error;
    return { stack, ...plain };
  } catch {
    return error;
  }
}
