import { RedisStreamsError } from '../errors.js';
import { MAX_KEY_LENGTH } from '../protocol/limits.js';
import { CLIENT_TABLE } from './client-options.js';
import { headers, type Headers } from './headers.js';
import { whenNoConsumer, type WhenNoConsumer } from './no-consumer.js';
import { contradiction, flag, instance, text, type Option, type OptionValues } from './option.js';
import { givenOptions, readOptions } from './read-options.js';
import { nearest } from './suggest.js';

/** Options of one call or event. */
export interface RecordOptions {
  /** Sent besides the client's headers; one of the same name replaces it. Default: none. */
  headers?: Headers;
  /**
   * Deadline of this call, streamed replies included; for an event, of being stored. In milliseconds.
   * Default: the client's.
   */
  timeout?: number;
  /**
   * Instead of `timeout`: how long this call may go without a value, in milliseconds. Not for events.
   * Default: the client's.
   */
  idleTimeout?: number;
  /** Calls with the same key and data run once and share the result. Default: none. */
  idempotencyKey?: string;
  /** Never started twice, and never enqueued again when Redis lost it. Default: false. */
  atMostOnce?: boolean;
  /**
   * Cancels the call, and the handler's own signal with it; an event, while it is not stored yet.
   * Default: none.
   */
  signal?: AbortSignal;
  /** What happens if no instance serves the pattern. Not for events. Default: the client's. */
  whenNoConsumer?: WhenNoConsumer;
}

export const RECORD_TABLE = {
  headers,
  timeout: { ...CLIENT_TABLE.timeout, default: undefined },
  idleTimeout: CLIENT_TABLE.idleTimeout,
  idempotencyKey: text({ max: MAX_KEY_LENGTH }),
  atMostOnce: flag,
  signal: instance<AbortSignal>('`AbortSignal`', 'addEventListener', 'throwIfAborted'),
  whenNoConsumer,
} as const satisfies Record<keyof RecordOptions, Option>;

/** The options of a record as the engine uses them. Where one is undefined, the client's option counts. */
export type ResolvedRecordOptions = OptionValues<typeof RECORD_TABLE>;

const PLACE = { owner: 'RedisStreamsRecord' };
const isKnown = (name: string) => Object.hasOwn(RECORD_TABLE, name);

/** One object for all calls without a record, so that these cost nothing here. */
const NONE: ResolvedRecordOptions = Object.freeze(readOptions(RECORD_TABLE, new Map(), PLACE));

/**
 * Reads the options of one call or event.
 *
 * @throws RedisStreamsError INVALID_OPTION, certainly not run.
 */
export function resolveRecordOptions(raw?: RecordOptions): ResolvedRecordOptions {
  if (raw === undefined) return NONE;
  const given = givenOptions(raw, isKnown, PLACE);
  if (given.size === 0) return NONE;
  const stray = [...given.keys()].find((name) => !isKnown(name));
  if (stray !== undefined) {
    const close = nearest(stray, Object.keys(RECORD_TABLE), (length) => Math.floor(length / 3));
    const advice = close ? `did you mean "${close}"?` : 'docs/options.md lists all options';
    const told = `${PLACE.owner}: unknown option "${stray.slice(0, 64)}"; ${advice}`;
    throw new RedisStreamsError('INVALID_OPTION', told);
  }
  const values = readOptions(RECORD_TABLE, given, PLACE);
  if (values.timeout !== undefined && values.idleTimeout !== undefined) {
    const reason = 'a call ends at a fixed time or after a silence';
    throw contradiction(PLACE, 'timeout', 'idleTimeout', reason);
  }
  return Object.freeze(values);
}
