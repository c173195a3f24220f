import { MAX_TIMEOUT } from '../protocol/limits.js';
import { callHooks, type CallHooks } from './call-hooks.js';
import { COMMON_TABLE, type CommonOptions } from './common-options.js';
import { headers, type Headers } from './headers.js';
import { whenNoConsumer, type WhenNoConsumer } from './no-consumer.js';
import { count, duration, flag, type Option, type OptionValues } from './option.js';
import { passHeaders } from './pass-headers.js';
import type { ConnectionOptions, RedisTarget } from './redis-options.js';
import { windowOption, type Window } from './window.js';

/** Options of a client. All are optional; durations are milliseconds, numbers only. */
export interface RedisStreamsClientOptions extends CommonOptions, ConnectionOptions {
  /**
   * The deadline of a call, streamed replies included, in milliseconds; what the calling handler
   * has left shortens it. Default: 30000.
   */
  timeout?: number;
  /**
   * Instead of `timeout`: how long a call may go without a value, in milliseconds; each value
   * of a streamed reply renews it. Default: none.
   */
  idleTimeout?: number;
  /** Calls that may be open at once; more fail with OVERLOADED. Default: 10000. */
  maxPending?: number;
  /** Unread entries that a stream may hold; a pack is one. More fail with OVERLOADED. Default: 1000000. */
  maxBacklog?: number;
  /**
   * For how many milliseconds after an event with a `messageId` is due another one with the same id adds nothing. Default:
   * 300000.
   */
  messageIdWindow?: number;
  /** Headers sent with every call and event; a record's are added to them. Default: none. */
  headers?: Headers;
  /** What happens to calls whose pattern no instance serves, see below. Default: 1000. */
  whenNoConsumer?: WhenNoConsumer;
  /**
   * Headers of the message that a handler runs for that are passed on with its calls and events: by name, letter by
   * letter. A record's of the same name replace them. Default: none.
   */
  passHeaders?: readonly string[];
  /** Says nothing to a client: both sides of Nest's Redis transport have it, and may share their options. Default: false. */
  wildcards?: boolean;
  /** What runs around each call and event, see below. Default: none. */
  hooks?: CallHooks | readonly CallHooks[];
  /**
   * How much of a streamed reply may be on its way: the service does not go on before the reader has taken it. `false`
   * switches it off. Not for calls that are `atMostOnce`. Default: true for `stream` and for the streamed methods of contracts,
   * false for `send`.
   */
  window?: Window | boolean;
}

/** The client's own options, in the order of the manual. */
export const CLIENT_TABLE = {
  timeout: duration({ default: 30_000, min: 1, max: MAX_TIMEOUT }),
  idleTimeout: duration({ min: 1, max: MAX_TIMEOUT }),
  maxPending: count({ default: 10_000, min: 1, max: 1_000_000 }),
  maxBacklog: count({ default: 1_000_000, min: 1, max: 1_000_000_000 }),
  messageIdWindow: duration({ default: 300_000, min: 1, max: 604_800_000 }),
  headers: { ...headers, default: Object.freeze<Headers>({}) },
  whenNoConsumer: { ...whenNoConsumer, default: 1000 },
  passHeaders,
  wildcards: flag,
  hooks: callHooks,
  window: windowOption,
  ...COMMON_TABLE,
} as const satisfies Record<
  Exclude<keyof RedisStreamsClientOptions, keyof ConnectionOptions>,
  Option
>;

/**
 * What a client works with: checked, with defaults, frozen. Where `idleTimeout` is set, `timeout`
 * does not count.
 */
export interface ResolvedClientOptions extends Omit<OptionValues<typeof CLIENT_TABLE>, 'shards'> {
  readonly shards: number;
  readonly redis: RedisTarget;
}
