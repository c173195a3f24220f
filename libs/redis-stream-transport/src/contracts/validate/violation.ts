import { brand } from '../../errors.js';

/** One value that a contract does not allow. */
export interface Violation {
  /** From the name of the parameter on: `file.tags[0].name`. */
  readonly property: string;
  /** What was violated, by the name of the rule, and how it is put in words. */
  readonly constraints: Readonly<Record<string, string>>;
}

/**
 * Arguments that the contract does not allow. Thrown by a client before anything is sent, and by a service
 * before its handler runs; either way the handler certainly did not run, and trying again is pointless.
 */
export class ContractValidationError extends Error {
  readonly code = 'VALIDATION' as const;
  readonly outcome = 'not-run' as const;
  readonly retryable = false as const;

  /**
   * @param pattern of the method
   * @param details every violation that was found
   */
  constructor(
    readonly pattern: string,
    readonly details: readonly Violation[],
  ) {
    super(`arguments of ${pattern} are not valid: ${summary(details)}`);
  }

  static {
    Object.defineProperty(this.prototype, 'name', {
      value: 'ContractValidationError',
      writable: true,
    });
  }

  /** Like `instanceof`, but also true for errors of another copy of this package. */
  static is(value: unknown): value is ContractValidationError {
    return isValidationError(value);
  }
}
const isValidationError = brand(ContractValidationError, 'contract-validation');

/** Violations told in a message; all of them are in the details. */
const TOLD = 3;

/** The first violations in words. */
export function summary(violations: readonly Violation[]): string {
  const told = violations
    .slice(0, TOLD)
    .map(({ property, constraints }) => `${property}: ${Object.values(constraints).join(', ')}`);
  const more = violations.length - told.length;
  return told.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
