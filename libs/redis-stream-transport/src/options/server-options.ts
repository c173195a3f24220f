import { MAX_REPLY_LOG_BYTES } from '../protocol/limits.js';
import { COMMON_TABLE, keyName, type CommonOptions } from './common-options.js';
import { bytes, count, duration, flag, type Option, type OptionValues } from './option.js';
import type { ConnectionOptions, RedisTarget } from './redis-options.js';
import { retention, type Retention } from './retention.js';
import { retryPolicy, type RetryPolicy } from './retry-policy.js';
import type { ServerSynonyms } from './synonyms.js';
import { threads, type ThreadOptions } from './threads.js';

/** Options of a server. All are optional; durations are milliseconds, numbers only. */
export interface RedisStreamsServerOptions
  extends CommonOptions, ConnectionOptions, ServerSynonyms {
  /**
   * The service: all instances with the same group share the entries, and each group gets its own
   * copy of events. Default: 'default'.
   */
  group?: string;
  /**
   * How many handlers run at once in this instance; one that waits for a call of its own lends its place to calls
   * made inside handlers. Default: 200.
   */
  concurrency?: number;
  /**
   * How often an entry is handed to an instance, when instances die over it, before it becomes a
   * dead letter; instances that left by themselves do not count. Default: 3.
   */
  maxDeliveries?: number;
  /**
   * After how many milliseconds of silence an instance counts as dead and others take over its
   * entries; renewed at a third of it. Default: 10000.
   */
  leaseTtl?: number;
  /**
   * How many milliseconds an instance may be without any of its connections to Redis before others take over
   * its entries, although its lease has not ended; 0: never before. Default: 2500.
   */
  reconnectGrace?: number;
  /**
   * How long `close()` lets running handlers finish, in milliseconds; what has not finished then
   * stays pending for other instances. Default: 10000.
   */
  drainTimeout?: number;
  /** The longest reply, in bytes; a longer one fails with PAYLOAD_TOO_LARGE. Default: 4 MiB. */
  maxReplyBytes?: number;
  /**
   * Whether errors that handlers throw are sent with their stacks, at most 4,096 characters, those of causes included. A
   * stack may hold secrets: for callers that are trusted. Default: false.
   */
  exposeStack?: boolean;
  /** How long replies are kept for callers that lost their connection, in ms. Default: 60000. */
  replyTtl?: number;
  /**
   * Retries of failed event handlers, in parts or whole; message handlers are retried only by
   * their own `extras`. Default: see below.
   */
  retry?: Partial<RetryPolicy>;
  /** How many handled events are kept in a stream, and for how long. Default: none. */
  retention?: Retention;
  /**
   * After how many milliseconds without a live instance a group no longer holds back events.
   * Default: 7 days.
   */
  groupTtl?: number;
  /**
   * Whether a new event group on an existing stream gets the events that are there already, not
   * only the next ones. Default: false.
   */
  history?: boolean;
  /**
   * Whether patterns with `*`, `?` or `[…]` stand for others, as with Nest's Redis transport: their handlers get the
   * messages of all patterns that match. Default: false.
   */
  wildcards?: boolean;
  /** How many streams wildcards may bring to an instance; others are not read, and that is logged. Default: 1000. */
  wildcardStreams?: number;
  /** The threads for handlers that have `threads` in their `extras`; none start before one computes. Default: see below. */
  threads?: ThreadOptions;
  /**
   * Whether an event that had not started when its `expiresIn` was over becomes a dead letter (`expired`); otherwise it is
   * removed.
   * Default: false.
   */
  deadLetterExpired?: boolean;
  /**
   * Whether to refuse to start (INVALID_OPTION) when `maxmemory-policy` lets Redis evict keys; otherwise
   * that is a warning, as is a policy that cannot be read. Default: false.
   */
  requireNoEviction?: boolean;
}

/** The server's own options, in the order of the manual. */
export const SERVER_TABLE = {
  group: keyName('default'),
  concurrency: count({ default: 200, min: 1, max: 100_000 }),
  maxDeliveries: count({ default: 3, min: 1, max: 1000 }),
  leaseTtl: duration({ default: 10_000, min: 500, max: 600_000 }),
  // By the pauses of a link, an outage of a second is over for everybody within two.
  reconnectGrace: duration({ default: 2500, min: 0, max: 600_000 }),
  drainTimeout: duration({ default: 10_000, min: 0, max: 3_600_000 }),
  maxReplyBytes: bytes({ default: 4_194_304, min: 1024, max: MAX_REPLY_LOG_BYTES }),
  exposeStack: flag,
  // No less than a minute: a caller has to find its replies again after a reconnect.
  replyTtl: duration({ default: 60_000, min: 60_000, max: 86_400_000 }),
  retry: retryPolicy,
  retention,
  groupTtl: duration({ default: 604_800_000, min: 1000, max: 31_536_000_000 }),
  history: flag,
  wildcards: flag,
  wildcardStreams: count({ default: 1000, min: 1, max: 10_000 }),
  threads,
  deadLetterExpired: flag,
  requireNoEviction: flag,
  ...COMMON_TABLE,
} as const satisfies Record<
  Exclude<keyof RedisStreamsServerOptions, keyof ConnectionOptions | keyof ServerSynonyms>,
  Option
>;

/** What a server works with: checked, with defaults, frozen. */
export interface ResolvedServerOptions extends Omit<
  OptionValues<typeof SERVER_TABLE>,
  'retry' | 'shards'
> {
  readonly shards: number;
  readonly retry: RetryPolicy;
  /** Whether `group` was given; a server with event handlers and no group of its own warns. */
  readonly explicitGroup: boolean;
  readonly redis: RedisTarget;
}
