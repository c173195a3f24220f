import { RpcException } from '@nestjs/microservices';
import { RedisStreamsError } from '../errors.js';

const RETRY_LATER = Symbol.for('nestjs-redis-streams.retry-later');
const DEAD_LETTER = Symbol.for('nestjs-redis-streams.dead-letter');

/** The longest delay that {@link RetryLater} takes: 7 days, in milliseconds. */
const MAX_RETRY_DELAY = 7 * 24 * 60 * 60 * 1000;

/**
 * Thrown by a handler to be run again later, also where the handler's policy would not retry.
 * The entry keeps its place and id and stays pending; other entries are handled meanwhile.
 *
 * An `RpcException`, because Nest's filters replace every other error before a transport sees it.
 */
export class RetryLater extends RpcException {
  readonly [RETRY_LATER] = true;
  /** Milliseconds from now; undefined leaves it to the retry policy of the handler. */
  readonly delayMs: number | undefined;

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
    super(delayMs === undefined ? 'Retry later' : `Retry in ${delayMs} ms`);
    if (options?.cause !== undefined) this.cause = options.cause;
    this.delayMs = delayMs;
  }

  /** The exception itself, so that it reaches the transport through Nest's filters. */
  override getError(): string | object {
    return this;
  }

  /** Like `instanceof`, but also true for one of another copy of this package. */
  static is(value: unknown): value is RetryLater {
    return hasBrand(value, RETRY_LATER);
  }
}

/**
 * Thrown by a handler to move its entry to the dead letters at once, without further attempts.
 * A caller gets an error with the code DEAD_LETTERED.
 */
export class DeadLetter extends RpcException {
  readonly [DEAD_LETTER] = true;

  /** @param reason kept with the dead letter and told to the caller. */
  constructor(reason = 'Dead-lettered by its handler', options?: { cause?: unknown }) {
    super(reason);
    if (options?.cause !== undefined) this.cause = options.cause;
  }

  /** The exception itself, so that it reaches the transport through Nest's filters. */
  override getError(): string | object {
    return this;
  }

  /** Like `instanceof`, but also true for one of another copy of this package. */
  static is(value: unknown): value is DeadLetter {
    return hasBrand(value, DEAD_LETTER);
  }
}

function hasBrand(value: unknown, brand: symbol): boolean {
  return typeof value === 'object' && value !== null && brand in value;
}
