import { RedisStreamsError } from '../errors.js';
import { MAX_KEY_LENGTH, MAX_TIMEOUT } from '../protocol/limits.js';
import { CLIENT_TABLE } from './client-options.js';
import { headers, type Headers } from './headers.js';
import { whenNoConsumer, type WhenNoConsumer } from './no-consumer.js';
import {
  contradiction,
  duration,
  flag,
  instance,
  text,
  type Option,
  type OptionValues,
} from './option.js';
import { givenOptions } from './read-options.js';
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
  /**
   * For events: after how many milliseconds in the stream an event is not started any more. One that was started in time
   * runs to its end; if it fails or its instance dies, it becomes a dead letter instead of being tried again later. Of one
   * that never started `deadLetterExpired` of the server says what becomes. Default: no end.
   */
  expiresIn?: number;
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
  expiresIn: duration({ default: undefined, min: 1, max: MAX_TIMEOUT }),
  whenNoConsumer,
} as const satisfies Record<keyof RecordOptions, Option>;

/** The options of a record as the engine uses them. Where one is undefined, the client's option counts. */
export type ResolvedRecordOptions = OptionValues<typeof RECORD_TABLE>;

const PLACE = { owner: 'RedisStreamsRecord' };
const isKnown = (name: string) => Object.hasOwn(RECORD_TABLE, name);

/** Its fields have one order, so all calls with a record share one shape, and reading them stays cheap. */
class Resolved {
  headers = RECORD_TABLE.headers.default;
  timeout = RECORD_TABLE.timeout.default;
  idleTimeout = RECORD_TABLE.idleTimeout.default;
  idempotencyKey = RECORD_TABLE.idempotencyKey.default;
  atMostOnce = RECORD_TABLE.atMostOnce.default;
  signal = RECORD_TABLE.signal.default;
  expiresIn = RECORD_TABLE.expiresIn.default;
  whenNoConsumer = RECORD_TABLE.whenNoConsumer.default;
}

/** One object for all calls without a record, so that these cost nothing here. */
const NONE: ResolvedRecordOptions = Object.freeze(new Resolved());

/**
 * Reads the options of one call or event. Runs for each call with a record.
 *
 * @throws RedisStreamsError INVALID_OPTION, certainly not run.
 */
export function resolveRecordOptions(raw?: RecordOptions): ResolvedRecordOptions {
  if (raw === undefined) return NONE;
  const values = new Resolved() as { -readonly [K in keyof RecordOptions]: unknown };
  if (isPlain(raw)) {
    // Own names, `__proto__` among them, without a map: most records have one or two options.
    const names = Object.keys(raw);
    if (names.length === 0) return NONE;
    for (const name of names) set(values, name, Reflect.get(raw, name));
  } else {
    for (const [name, value] of givenOptions(raw, isKnown, PLACE)) set(values, name, value);
  }
  if (values.timeout !== undefined && values.idleTimeout !== undefined) {
    const reason = 'a call ends at a fixed time or after a silence';
    throw contradiction(PLACE, 'timeout', 'idleTimeout', reason);
  }
  return values as ResolvedRecordOptions;
}

const isPlain = (raw: unknown): raw is object =>
  typeof raw === 'object' && raw !== null && Object.getPrototypeOf(raw) === Object.prototype;

function set(values: Record<string, unknown>, name: string, value: unknown): void {
  if (!isKnown(name)) throw stray(name);
  if (value === undefined) return;
  values[name] = RECORD_TABLE[name as keyof RecordOptions].read(value, name, PLACE);
}

function stray(name: string): RedisStreamsError {
  const close = nearest(name, Object.keys(RECORD_TABLE), (length) => Math.floor(length / 3));
  const advice = close ? `did you mean "${close}"?` : 'docs/options.md lists all options';
  const told = `${PLACE.owner}: unknown option "${name.slice(0, 64)}"; ${advice}`;
  return new RedisStreamsError('INVALID_OPTION', told);
}
