import { RpcException } from '@nestjs/microservices';
import { brand, RedisStreamsError } from '../errors.js';
import { FINAL } from '../nest/final-error.js';
import { PASSED } from '../nest/passed-fault.js';

/** What may become of a computation that gives no result. */
export type ThreadErrorCode =
  | 'THREAD_LOST'
  | 'TIMEOUT'
  | 'CANCELLED'
  | 'OVERLOADED'
  | 'CLOSED'
  | 'INVALID_MESSAGE'
  | 'INVALID_OPTION';

/**
 * A computation has no result, and not because its function threw. An `RpcException`, so that the code reaches the caller
 * through Nest's filters (docs/decisions/0007).
 */
export class ThreadError extends RpcException {
  readonly code: ThreadErrorCode;
  readonly #told: RedisStreamsError;

  /** @internal */
  constructor(code: ThreadErrorCode, message: string, { pattern, cause }: ThreadErrorFacts = {}) {
    super(message);
    this.code = code;
    this.#told = new RedisStreamsError(code, message, {
      // The handler did run, up to here.
      outcome: 'may-have-run',
      ...(pattern !== undefined && { pattern }),
    });
    if (cause !== undefined) {
      Object.defineProperty(this, 'cause', { value: cause, configurable: true, writable: true });
    }
    const both = [this, this.#told];
    for (const error of both) Object.defineProperty(error, PASSED, { value: true });
    if (this.#told.retryable || code === 'CANCELLED' || code === 'CLOSED') return;
    for (const error of both) Object.defineProperty(error, FINAL, { value: true });
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'ThreadError', writable: true });
  }

  /** What callers get: an error of the transport with the same code. */
  override getError(): object {
    return this.#told;
  }

  toJSON(): object {
    return this.#told.toJSON();
  }

  /** Like `instanceof`, but also true for one of another copy of this package. */
  static is(value: unknown): value is ThreadError {
    return isThreadError(value);
  }
}
const isThreadError = brand(ThreadError, 'thread-error');

interface ThreadErrorFacts {
  readonly pattern?: string;
  readonly cause?: unknown;
}
