import { brand } from '../../errors.js';

/** What is wrong with a contract itself, as opposed to one call of it. */
export type ContractErrorCode =
  | 'INVALID_CONTRACT'
  | 'NOT_SERVED'
  | 'SERVED_TWICE'
  | 'INVALID_CALL'
  | 'INCOMPATIBLE'
  | 'NOT_INSTALLED';

/**
 * A mistake in a contract or in how it is served or called: a programming error, found where the class is
 * defined, when the application starts, or before anything is sent.
 *
 * - `INVALID_CONTRACT`: the class does not describe what it should.
 * - `NOT_SERVED`, `SERVED_TWICE`: a declared method has no handler, or more than one; or no live instance
 *   announces what is asked for.
 * - `INVALID_CALL`: the proxy cannot do what the call asks for; nothing was sent.
 * - `INCOMPATIBLE`: the two sides have contracts that do not fit together, or cannot be compared although a
 *   strict client wants it; nothing was sent.
 * - `NOT_INSTALLED`: an optional package is needed.
 */
export class ContractError extends Error {
  constructor(
    readonly code: ContractErrorCode,
    message: string,
  ) {
    super(message);
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'ContractError', writable: true });
  }

  /** Like `instanceof`, but also true for errors of another copy of this package. */
  static is(value: unknown): value is ContractError {
    return isContractError(value);
  }
}
const isContractError = brand(ContractError, 'contract-error');
