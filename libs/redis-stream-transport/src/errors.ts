import { property } from './thrown.js';

/**
 * Nest's text for a pattern without a handler. NO_CONSUMER and NO_HANDLER carry it, so that
 * callers which compare messages on Nest's other transports need no change here.
 */
export const NO_MESSAGE_HANDLER_TEXT =
  'There is no matching message handler defined in the remote service.';

interface CodeFacts {
  /** What happened, in words for the person who reads the manual. */
  readonly meaning: string;
  /** Whether the same call, unchanged, can succeed when it is tried again. */
  readonly retryable: boolean;
}
const again = (meaning: string): CodeFacts => ({ meaning, retryable: true });
const never = (meaning: string): CodeFacts => ({ meaning, retryable: false });

/**
 * Every code that this transport gives an error of its own. `retryable` belongs to the code and is
 * never chosen where an error is thrown; whether trying again may run a handler *twice* is told by
 * the error's `outcome`.
 */
export const REDIS_STREAMS_ERROR_CODES = {
  INVALID_OPTION: never('An option is unknown, refused, out of bounds, or contradicts another.'),
  INVALID_MESSAGE: never('The message cannot be serialized, is malformed or is nested too deeply.'),
  CODEC_MISMATCH: never('The other side wrote with a codec that this side does not read.'),
  UNTRUSTED: never(
    'A message is not sealed as it must be: it was forged, altered, moved or repeated.',
  ),
  KEY_UNAVAILABLE: again('The key to seal with could not be had; `cause` says why.'),
  PAYLOAD_TOO_LARGE: never('Data beyond `maxPayloadBytes`, or a reply beyond `maxReplyBytes`.'),
  OVERLOADED: again('`maxPending` calls or `maxBacklog` entries; or calls lock their service.'),
  PAUSED: again('An operator has paused the pattern; `until` says for how long, if that is known.'),
  NO_CONSUMER: again('No live instance serves the pattern; see `whenNoConsumer`.'),
  NO_HANDLER: never('The call reached a service that has no handler for its pattern.'),
  GROUP_CONFLICT: never('Another live group already answers requests of this pattern.'),
  DUPLICATE_HANDLER: never('Two message handlers of one service have the same pattern.'),
  UNSUPPORTED_VERSION: never('The entry has a protocol version that its reader does not know.'),
  NOT_CONNECTED: again(
    'Redis was not usable within `retryAttempts` tries or by the deadline; `cause` says why.',
  ),
  REDIS: again(
    'Redis refused a command, and its own error is the `cause`; or too few `replicas` have what it stored.',
  ),
  TIMEOUT: again('The deadline passed, or with `idleTimeout` no value came in time.'),
  CANCELLED: never('Cancelled by its `signal`, by unsubscribing, or with the call around it.'),
  HOOK_FAILED: never('A hook of the client threw, or took too long; `cause` says what.'),
  CLOSED: never('The client or the server was closed.'),
  DEAD_LETTERED: never('Moved to the dead letters, by the handler or after the last delivery.'),
  INTERRUPTED: again('The instance died during a streamed reply, and another began it again.'),
  THREAD_LOST: again(
    'The thread that computed crashed, or took too much memory, before it had a result.',
  ),
  REPLY_LOST: never('The handler finished, but its reply could not be kept for the caller.'),
  IDEMPOTENCY_MISMATCH: never('The idempotency key was used before with other data.'),
} as const satisfies Record<string, CodeFacts>;

/** A code of {@link REDIS_STREAMS_ERROR_CODES}; the set is closed within a major version. */
export type RedisStreamsErrorCode = keyof typeof REDIS_STREAMS_ERROR_CODES;

/**
 * What is known about the handler of a failed call. `not-run` is only said when it is proven;
 * in doubt it is `may-have-run`.
 */
export type CallOutcome = 'not-run' | 'may-have-run';

/**
 * Puts a mark from the global symbol registry on a class and returns the test for it. Two copies
 * of this package in one process have two classes, for which `instanceof` says no; the mark is
 * the same.
 */
export function brand<T extends Error>(
  type: { readonly prototype: T },
  name: string,
): (value: unknown) => value is T {
  const mark = Symbol.for(`nestjs-redis-streams.${name}`);
  Object.defineProperty(type.prototype, mark, { value: true });
  return (value): value is T => property(value, mark) === true;
}

/**
 * Everything that this transport fails with by itself. What user code throws is never wrapped in
 * it: that passes as on Nest's own transports.
 */
export class RedisStreamsError extends Error {
  /** Always `'error'`, as in the error objects of Nest's own transports. */
  readonly status = 'error' as const;
  readonly code: RedisStreamsErrorCode;
  /** Whether a handler may have run. Default: `'not-run'`. */
  readonly outcome: CallOutcome;
  /** Whether the same call can succeed when it is tried again; follows from the code. */
  readonly retryable: boolean;
  /** The pattern of the call or handler, where there is one. */
  readonly pattern?: string;
  /** Id of the call, `<caller>/<call>`, as the service's log and `getCallId()` have it; of calls only. */
  readonly callId?: string;
  /** Of PAUSED, if it was said: until when, in milliseconds since 1970 by Redis' clock. */
  readonly until?: number;

  constructor(
    code: RedisStreamsErrorCode,
    message: string,
    options: { outcome?: CallOutcome; pattern?: string; until?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.outcome = options.outcome ?? 'not-run';
    this.retryable = REDIS_STREAMS_ERROR_CODES[code].retryable;
    if (options.pattern !== undefined) this.pattern = options.pattern;
    if (options.until !== undefined) this.until = options.until;
  }

  static {
    // On the prototype and not enumerable, as for the built-in errors.
    Object.defineProperty(this.prototype, 'name', { value: 'RedisStreamsError', writable: true });
  }

  /** Like `instanceof`, but also true for errors of another copy of this package. */
  static isRedisStreamsError(value: unknown): value is RedisStreamsError {
    return isRedisStreamsError(value);
  }

  /**
   * The id of the call that failed with an error, `<caller>/<call>`: of the transport's own errors, and of
   * objects that a handler threw, as `send`, `sendWithMeta` and contract clients gave them. Otherwise undefined.
   */
  static callIdOf(error: unknown): string | undefined {
    if (isRedisStreamsError(error)) return error.callId;
    return typeof error === 'object' && error !== null ? callIds.get(error) : undefined;
  }

  /** What may leave the process: never the stack or the cause, which can hold secrets. */
  toJSON() {
    const { name, code, message, outcome, retryable, status, pattern, callId, until } = this;
    const where = {
      ...(pattern && { pattern }),
      ...(callId && { callId }),
      ...(until && { until }),
    };
    return { name, code, message, outcome, retryable, status, ...where };
  }
}
const isRedisStreamsError = brand(RedisStreamsError, 'error');

/** Calls that failed with what is not ours to change. */
const callIds = new WeakMap<object, string>();

/** Says which call failed with an error; of texts and numbers nothing can be said. */
export function markCall(error: unknown, callId: string): void {
  if (typeof error !== 'object' || error === null) return;
  if (isRedisStreamsError(error)) Object.assign(error, { callId });
  else callIds.set(error, callId);
}
