import { brand } from '../../errors.js';
import type { MethodDefinition, ValidationOptions } from '../declare/definition.js';
import { checkOf, type Check } from './value-check.js';
import { summary, type Violation } from './violation.js';

/**
 * A handler's result is not what its contract names, and the method has `validateResult`: a fault of the
 * service. Its caller gets this instead of the value.
 */
export class InvalidResultError extends Error {
  readonly code = 'INVALID_RESULT' as const;

  /**
   * @param pattern of the method
   * @param details every violation that was found
   */
  constructor(
    readonly pattern: string,
    readonly details: readonly Violation[],
  ) {
    super(`the result of ${pattern} is not what its contract says: ${summary(details)}`);
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'InvalidResultError', writable: true });
  }

  /** Like `instanceof`, but also true for errors of another copy of this package. */
  static is(value: unknown): value is InvalidResultError {
    return isInvalidResult(value);
  }
}
const isInvalidResult = brand(InvalidResultError, 'contract-invalid-result');

/** Checks what a handler returns, or each value that it streams. */
export class ResultCheck {
  private check: Check | undefined;

  constructor(
    private readonly method: MethodDefinition,
    private readonly options: ValidationOptions,
  ) {}

  /**
   * Gives the value back as it is: what is sent is what the handler returned, not what a check made of it.
   * @throws InvalidResultError, or rejects with it
   */
  passed(value: unknown): unknown {
    this.check ??= checkOf(this.method.returns(), this.options);
    const violations: Violation[] = [];
    const checked = this.check(value, 'result', violations);
    if (checked instanceof Promise) return checked.then(() => this.judged(value, violations));
    return this.judged(value, violations);
  }

  private judged(value: unknown, violations: readonly Violation[]): unknown {
    if (violations.length > 0) throw new InvalidResultError(this.method.pattern, violations);
    return value;
  }
}
