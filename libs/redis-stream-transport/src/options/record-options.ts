import { RedisStreamsError } from '../errors.js';
import { MAX_DELAY, MAX_KEY_LENGTH, MAX_TIMEOUT } from '../protocol/limits.js';
import type { Priority } from '../protocol/priority.js';
import { CLIENT_TABLE } from './client-options.js';
import { headers, type Headers } from './headers.js';
import { notBefore } from './not-before.js';
import { whenNoConsumer, type WhenNoConsumer } from './no-consumer.js';
import {
  contradiction,
  duration,
  flag,
  instance,
  listener,
  text,
  type Option,
  type OptionValues,
} from './option.js';
import { priority } from './priority.js';
import { givenOptions } from './read-options.js';
import { nearest } from './suggest.js';
import { windowOption, type Window } from './window.js';

/** Where Redis has stored a call or an event. */
export interface StoredEntry {
  /** Id of its entry; of a call that travels with others, with its place there: `<id>#<place>`. Of what is due later the id under which it waits. */
  readonly id: string;
  /** The stream: the pattern, its lane, that of a `priority`, or another stream of a pattern that is spread. */
  readonly stream: string;
  /** Id of the call, `<caller>/<call>`; undefined for an event. */
  readonly callId: string | undefined;
}

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
  /**
   * After how many milliseconds the call or event is due. Until then it waits in Redis, beside its stream, and survives its
   * sender. `timeout`, `idleTimeout` and `expiresIn` count from when it is due. Not with `whenNoConsumer: 'fail'`.
   * Default: due at once.
   */
  delay?: number;
  /**
   * Instead of `delay`: when it is due, by Redis' clock: a `Date`, or milliseconds since 1970. At most a year ahead; what
   * has passed is due at once. Default: due at once.
   */
  notBefore?: Date | number;
  /**
   * For events: another one of the pattern with the same id adds nothing, until `messageIdWindow` of the client after this one
   * is due. While it waits until it is due, `cancelScheduled` takes it back by this id. Default: none.
   */
  messageId?: string;
  /**
   * How much it matters among the messages of its pattern: services whose handler has `priorities` take `high` before the rest and
   * `low` after it, and are never without some of each. Where not all of them have it, it changes nothing. Not for patterns in a lane.
   * Default: 'normal'.
   */
  priority?: Priority;
  /** What happens if no instance serves the pattern. Not for events. Default: the client's. */
  whenNoConsumer?: WhenNoConsumer;
  /**
   * For calls: the service keeps the result for 24 hours, and `resultOf(pattern, callId)` of any client reads it. Costs what
   * an idempotency key costs; a call with a key needs it not, and may not have both. Not for sealed calls. Default: false.
   */
  keepResult?: boolean;
  /**
   * Is told the id of the entry when Redis has said that it is stored: before `emit` completes; of a call it may be after its
   * reply. A call that Redis has lost and that is sent again is told again. What it throws is logged. Default: none.
   */
  onStored?: (stored: StoredEntry) => void;
  /**
   * How much of a streamed reply may be on its way: the service does not go on before the reader has taken it. `false`
   * switches it off. Not with `atMostOnce`. Default: the client's.
   */
  window?: Window | boolean;
}

export const RECORD_TABLE = {
  headers,
  timeout: { ...CLIENT_TABLE.timeout, default: undefined },
  idleTimeout: CLIENT_TABLE.idleTimeout,
  idempotencyKey: text({ max: MAX_KEY_LENGTH }),
  atMostOnce: flag,
  signal: instance<AbortSignal>('`AbortSignal`', 'addEventListener', 'throwIfAborted'),
  expiresIn: duration({ default: undefined, min: 1, max: MAX_TIMEOUT }),
  delay: duration({ default: undefined, min: 0, max: MAX_DELAY }),
  notBefore,
  messageId: text({ max: MAX_KEY_LENGTH }),
  priority,
  whenNoConsumer,
  keepResult: flag,
  onStored: listener<(stored: StoredEntry) => void>('(stored: StoredEntry) => void'),
  window: windowOption,
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
  delay = RECORD_TABLE.delay.default;
  notBefore = RECORD_TABLE.notBefore.default;
  messageId = RECORD_TABLE.messageId.default;
  priority = RECORD_TABLE.priority.default;
  whenNoConsumer = RECORD_TABLE.whenNoConsumer.default;
  keepResult = RECORD_TABLE.keepResult.default;
  onStored = RECORD_TABLE.onStored.default;
  window = RECORD_TABLE.window.default;
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
  if (values.keepResult === true && values.idempotencyKey !== undefined) {
    const reason = 'the result of a call with a key is kept under that';
    throw contradiction(PLACE, 'keepResult', 'idempotencyKey', reason);
  }
  if (values.delay !== undefined && values.notBefore !== undefined) {
    throw contradiction(PLACE, 'delay', 'notBefore', 'each says when it is due');
  }
  if (values.atMostOnce === true && values.window) {
    const reason = 'a stream that is started once only must not wait for a reader that may be gone';
    throw contradiction(PLACE, 'atMostOnce', 'window', reason);
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
