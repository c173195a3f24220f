import { RpcException } from '@nestjs/microservices';
import { brand, RedisStreamsError } from '../errors.js';

/** The longest delay that {@link RetryLater} takes: 7 days, in milliseconds. */
export const MAX_RETRY_DELAY = 7 * 24 * 60 * 60 * 1000;

/**
 * An instruction to the transport. An `RpcException`, because Nest's filters replace every other error
 * before a transport sees it.
 */
abstract class Instruction extends RpcException {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message);
    // Not enumerable, as for the built-in errors.
    if (options && 'cause' in options) {
      Object.defineProperty(this, 'cause', {
        value: options.cause,
        configurable: true,
        writable: true,
      });
    }
  }

  /** The exception itself, so that it reaches the transport through Nest's filters. */
  override getError(): object {
    return this;
  }

  /** What callers get on transports that do not know it. */
  toJSON(): object {
    return { status: 'error', message: this.message };
  }
}

/**
 * Thrown by a handler to be run again later, also where the handler's policy would not retry.
 * The entry keeps its place and id and stays pending; other entries are handled meanwhile.
 */
export class RetryLater extends Instruction {
  /** Milliseconds from now; undefined leaves it to the retry policy of the handler. */
  readonly delayMs?: number;

  /**
   * @param delayMs milliseconds until the next attempt, 0 to 7 days; default: the retry policy's.
   * @throws RedisStreamsError INVALID_OPTION if the delay is no such number.
   */
  constructor(delayMs?: number, options?: { cause?: unknown }) {
    const valid = typeof delayMs === 'number' && delayMs >= 0 && delayMs <= MAX_RETRY_DELAY;
    if (delayMs !== undefined && !valid) {
      throw new RedisStreamsError(
        'INVALID_OPTION',
        `RetryLater takes milliseconds from 0 to ${MAX_RETRY_DELAY}, got ${String(delayMs)}.`,
      );
    }
    super(delayMs === undefined ? 'Retry later' : `Retry in ${delayMs} ms`, options);
    if (delayMs !== undefined) this.delayMs = delayMs;
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'RetryLater', writable: true });
  }

  /** Like `instanceof`, but also true for one of another copy of this package. */
  static is(value: unknown): value is RetryLater {
    return isRetryLater(value);
  }
}
const isRetryLater = brand(RetryLater, 'retry-later');

/**
 * Thrown by a handler to move its entry to the dead letters at once, without further attempts.
 * A caller gets an error with the code DEAD_LETTERED.
 */
export class DeadLetter extends Instruction {
  /** @param reason kept with the dead letter and told to the caller. */
  constructor(reason = 'Dead-lettered by its handler', options?: { cause?: unknown }) {
    super(reason, options);
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'DeadLetter', writable: true });
  }

  /** Like `instanceof`, but also true for one of another copy of this package. */
  static is(value: unknown): value is DeadLetter {
    return isDeadLetter(value);
  }
}
const isDeadLetter = brand(DeadLetter, 'dead-letter');
