import { RedisStreamsError } from '../errors.js';
import { MAX_PATTERN_LENGTH } from '../protocol/limits.js';
import { contradiction, count, flag, text, type Option, type OptionValues } from './option.js';
import { givenOptions, readOptions } from './read-options.js';
import { retryPolicy, type RetryPolicy } from './retry-policy.js';
import { nearest } from './suggest.js';

/**
 * Options of one handler: the `extras` of `@MessagePattern` and `@EventPattern`. Other keys are
 * left alone, since other transports and applications have their own there.
 */
export interface HandlerExtras {
  /** How many runs of this handler at once in this instance; no more are read than can start. Default: the server's. */
  concurrency?: number;
  /**
   * Retries after a failure; parts not given are the server's, and with any part given a message
   * handler is retried too. Default: the server's for events, none for messages.
   */
  retry?: Partial<RetryPolicy>;
  /** The lane of the pattern; clients must have it in their `lanes`. Default: as in `lanes`. */
  lane?: string;
  /**
   * Never started twice: acknowledged before it runs, and lost if the instance dies.
   * Default: false.
   */
  atMostOnce?: boolean;
  /** For events: every live instance gets each of them, not one per group. Default: false. */
  broadcast?: boolean;
  /**
   * A streamed reply may begin anew on another instance, instead of failing INTERRUPTED.
   * Default: false.
   */
  restartable?: boolean;
}

export const EXTRAS_TABLE = {
  concurrency: count({ min: 1, max: 100_000 }),
  retry: retryPolicy,
  lane: text({ max: MAX_PATTERN_LENGTH }),
  atMostOnce: flag,
  broadcast: flag,
  restartable: flag,
} as const satisfies Record<keyof HandlerExtras, Option>;

/** What the engine knows of a handler; undefined leaves it to the server's options. */
export type ResolvedHandlerExtras = OptionValues<typeof EXTRAS_TABLE>;

/**
 * Reads the extras of the handler of a pattern.
 *
 * @throws RedisStreamsError INVALID_OPTION for a bad value, two that contradict each other, or a
 * key that is so close to one of ours that it must be a slip.
 */
export function resolveHandlerExtras(extras: unknown, pattern: string): ResolvedHandlerExtras {
  const place = { owner: `Extras of the handler of "${pattern}"`, pattern };
  const given = givenOptions(extras, (name) => Object.hasOwn(EXTRAS_TABLE, name), place);
  for (const name of given.keys()) {
    if (Object.hasOwn(EXTRAS_TABLE, name)) continue;
    const close = nearest(name, Object.keys(EXTRAS_TABLE), slips);
    if (!close) continue;
    const told = `${place.owner}: unknown option "${name}"; did you mean "${close}"?`;
    throw new RedisStreamsError('INVALID_OPTION', told, place);
  }
  const values = readOptions(EXTRAS_TABLE, given, place);
  for (const other of ['retry', 'restartable'] as const) {
    if (!values.atMostOnce || !values[other]) continue;
    throw contradiction(place, 'atMostOnce', other, 'what is started once is never run again');
  }
  return Object.freeze(values);
}

/** Fewer than elsewhere: `lane` must not claim an application's own `lang` or `name`. */
function slips(length: number): number {
  if (length < 5) return 0;
  return length < 8 ? 1 : 2;
}
