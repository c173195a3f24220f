import type { RedisStreamsError } from '../../errors.js';
import type { ResolvedWindow } from '../../options/index.js';
import type { DeadlineScope } from '../deadline-scope.js';
import type { EntryRequest } from './sending/entry-request.js';

/** What is known of a reply besides its value. */
export interface ReplyOrigin {
  /** Headers that the handler set. */
  readonly headers: Readonly<Record<string, string>>;
  /** Consumer that ran the handler. */
  readonly instance: string;
  /** How often the request was handed to an instance, this time included. */
  readonly deliveryCount: number;
}

/**
 * Receives what becomes of a call. The last that it is told is exactly one of these: `value` or `packed` with `last`,
 * `done`, or `error`.
 */
export interface CallSink {
  /** A value. With `last` nothing follows, not even `done`. */
  value(payload: unknown, last: boolean, origin: ReplyOrigin): void;
  /**
   * Output of the service's serializer, for the deserializer to read. Resolves to a function that passes the value on,
   * or to the error that the call ends with. Never rejects.
   */
  packed(
    payload: unknown,
    last: boolean,
    origin: ReplyOrigin,
  ): Promise<(() => void) | RedisStreamsError>;
  /** The reply ends without a further value. */
  done(): void;
  /** What the handler threw, as it was sent; or an error of the transport. */
  error(error: unknown): void;
}

export interface CallRequest extends EntryRequest {
  /** How long the call may go without a value, in milliseconds; 0: the timeout covers everything. */
  readonly idle: number;
  /** How much of a streamed reply may be on its way; undefined: all of it. */
  readonly window?: ResolvedWindow | undefined;
  /**
   * What happens while no instance serves the pattern: the call fails at once, waits in its stream, or, if the pattern
   * was never served, is tried again for so many milliseconds. `served`: as `fail`, but what was so a moment ago counts.
   */
  readonly grace: number | 'fail' | 'wait' | 'served';
  /** Its result is kept under its id. */
  readonly kept?: boolean;
  /** The call as it was made, where it goes to another stream of a spread pattern. */
  readonly home?: CallRequest;
  /** The handler that makes the call; undefined outside of handlers. */
  readonly scope?: DeadlineScope | undefined;
}

const MODES = { wait: 0, fail: 1, served: 3 } as const;

/** When a call with this grace is stored, as an outgoing entry has it. */
export function modeOf(grace: CallRequest['grace']): 0 | 1 | 2 | 3 {
  return typeof grace === 'number' ? 2 : MODES[grace];
}

/** Characters that it takes in a batch, about. */
export function sizeOf({ data, headers, key }: CallRequest): number {
  return data.length + (headers?.length ?? 0) + (key?.length ?? 0) + 64;
}
