import { contradiction, count, duration, invalid, ratio, type Option } from './option.js';
import { readParts } from './read-options.js';

const WEEK = 604_800_000;

/**
 * When a failed handler runs again. Attempts are counted apart from deliveries, which only count
 * the deaths of instances.
 */
export interface RetryPolicy {
  /** How often the handler runs at most, the first time included. Default: `maxDeliveries`. */
  readonly attempts: number;
  /** Milliseconds before the second attempt. Default: 1000. */
  readonly delay: number;
  /** The longest delay, in milliseconds. Default: 60000. */
  readonly maxDelay: number;
  /** By what each delay is multiplied to give the next. Default: 2. */
  readonly factor: number;
  /** The share of a delay left to chance: 0.2 waits between 80 and 100 % of it. Default: 0.2. */
  readonly jitter: number;
  /**
   * Asked about each error that would be retried, as it was thrown: with true it is not. An error of
   * validation never is. Default: none.
   */
  readonly unless?: RetryUnless;
}

/** Says whether another attempt is pointless. It must answer at once, not with a promise. */
export type RetryUnless = (error: unknown) => boolean;

const predicate: Option<RetryUnless, undefined> = {
  type: '`(error) => boolean`',
  default: undefined,
  read(value, name, place) {
    if (typeof value === 'function') return value as RetryUnless;
    throw invalid(
      place,
      name,
      'a function that is given an error and returns true or false',
      value,
    );
  },
};

export const RETRY_TABLE = {
  attempts: count({ min: 1, max: 1000 }),
  delay: duration({ default: 1000, min: 0, max: WEEK }),
  maxDelay: duration({ default: 60_000, min: 0, max: WEEK }),
  factor: ratio({ default: 2, min: 1, max: 10 }),
  jitter: ratio({ default: 0.2, min: 0, max: 1 }),
  unless: predicate,
} as const satisfies Record<keyof RetryPolicy, Option>;

/** An option for some parts of a retry policy. */
export const retryPolicy: Option<Partial<RetryPolicy>, undefined> = {
  type: 'retry policy',
  default: undefined,
  read(value, name, place) {
    const parts = readParts(RETRY_TABLE, value, name, place);
    if ((parts.delay ?? 0) <= (parts.maxDelay ?? WEEK)) return parts;
    const reason = 'the first delay is longer than the longest';
    throw contradiction(place, `${name}.delay`, `${name}.maxDelay`, reason);
  },
};

/**
 * The policy of handlers that have none of their own.
 *
 * @param attempts the server's `maxDeliveries`
 */
export function defaultRetryPolicy(attempts: number): RetryPolicy {
  const { delay, maxDelay, factor, jitter } = RETRY_TABLE;
  return {
    attempts,
    delay: delay.default,
    maxDelay: maxDelay.default,
    factor: factor.default,
    jitter: jitter.default,
  };
}

/**
 * A policy with some parts replaced. If only one of the two delays is given, the other one is adapted, so that
 * `{ delay: 120_000 }` alone does not contradict the default maximum.
 */
export function withRetryParts(base: RetryPolicy, parts: Partial<RetryPolicy> = {}): RetryPolicy {
  const delay = parts.delay ?? Math.min(base.delay, parts.maxDelay ?? base.delay);
  const maxDelay = parts.maxDelay ?? Math.max(base.maxDelay, delay);
  return Object.freeze({ ...base, ...parts, delay, maxDelay });
}
