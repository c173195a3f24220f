import { contradiction, duration, flag, text, type Option } from '../options/option.js';
import { readParts } from '../options/read-options.js';
import { MAX_RETRY_DELAY } from './retry-later.js';

/** What becomes of an event that its handler does not acknowledge. */
export interface NackOptions {
  /** Whether it is handled again; false: it becomes a dead letter. Default: true. */
  readonly requeue?: boolean;
  /**
   * Milliseconds until it is handled again, 0 to 7 days. Not with `requeue: false`. Default: as the retry policy says.
   */
  readonly delay?: number;
  /** Kept with the dead letter, 1 to 1,024 characters; only with `requeue: false`. Default: a text that says no more. */
  readonly reason?: string;
}

const NACK_TABLE = {
  requeue: flag,
  delay: duration({ min: 0, max: MAX_RETRY_DELAY }),
  reason: text({ max: 1024 }),
} as const satisfies Record<keyof NackOptions, Option>;

const PLACE = { owner: 'RedisStreamsContext' };

/** @throws RedisStreamsError INVALID_OPTION */
export function readNack(options: NackOptions): NackOptions & { readonly requeue: boolean } {
  const { requeue = true, delay, reason } = readParts(NACK_TABLE, options, 'nack', PLACE);
  if (!requeue && delay !== undefined) {
    throw contradiction(PLACE, 'nack.requeue', 'nack.delay', 'a dead letter is not handled again');
  }
  if (requeue && reason !== undefined) {
    throw contradiction(PLACE, 'nack.requeue', 'nack.reason', 'it is kept with a dead letter only');
  }
  return {
    requeue,
    ...(delay !== undefined && { delay }),
    ...(reason !== undefined && { reason }),
  };
}
