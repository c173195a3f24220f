import { RedisStreamsError } from '../errors.js';
import { ALIASES } from './aliases.js';
import { MAX_PATTERN_LENGTH } from '../protocol/limits.js';
import {
  contradiction,
  count,
  flag,
  text,
  type Option,
  type OptionValues,
  type Place,
} from './option.js';
import { batch, type BatchOptions } from './batch.js';
import { groupName, MAX_SHARDS } from './common-options.js';
import { givenOptions, readOptions } from './read-options.js';
import { overflow, type Overflow } from './overflow.js';
import { RECORD_TABLE } from './record-options.js';
import { retryPolicy, type RetryPolicy } from './retry-policy.js';
import { SERVER_TABLE } from './server-options.js';
import { nearest } from './suggest.js';
import { HANDLER_SYNONYMS, translate, type HandlerSynonyms } from './synonyms.js';
import { handlerThreads } from './threads.js';

/**
 * Options of one handler: the `extras` of `@MessagePattern` and `@EventPattern`. Keys that do not look like ours are
 * ignored, because other transports and applications have keys of their own there.
 */
export interface HandlerExtras extends HandlerSynonyms {
  /**
   * How many runs of this handler at once in this instance; no more are read than can start. One that waits for a call
   * of its own lends its place to deeper calls of the pattern. Default: the server's.
   */
  concurrency?: number;
  /**
   * The group that the handler is in, instead of the server's: it gets a copy of its events of its own, and shares them
   * with the handlers of that group in all servers. A group has a `concurrency`, a lease and a reading connection of its
   * own; a server may have 64. Not together with `broadcast`. Default: the server's.
   */
  group?: string;
  /**
   * Retries after a failure; parts not given are the server's, and with any part given a message
   * handler is retried too. Default: the server's for events, none for messages.
   */
  retry?: Partial<RetryPolicy>;
  /** The lane of the pattern; clients must have it in their `lanes`. Default: as in `lanes`. */
  lane?: string;
  /**
   * Never started twice: noted before it runs, and lost if the instance dies.
   * Default: false.
   */
  atMostOnce?: boolean;
  /**
   * For messages: over how many streams callers spread the calls of the pattern, each in another shard; more than there
   * are shards means all. Calls with an idempotency key stay in the pattern's own stream. Not together with a lane.
   * Default: the pattern has one stream.
   */
  spread?: number;
  /**
   * Callers may say how much a message matters (`priority` of a record): the pattern has two more streams, for what matters more and
   * less. Calls to it travel without packs. Holds for all handlers of the pattern in the server. Not together with a lane, `spread`
   * or `broadcast`. Default: false.
   */
  priorities?: boolean;
  /** For events: every live instance gets each of them, not one per group. Default: false. */
  broadcast?: boolean;
  /**
   * A streamed reply may begin anew on another instance, instead of failing INTERRUPTED.
   * Default: false.
   */
  restartable?: boolean;
  /**
   * The handler computes in threads of its server, of which it has so many at most at once, or with `true` all of them;
   * see `inThread` of `nestjs-redis-streams/threads`. Unless `concurrency` is given, no more are read than have a thread,
   * with `batch` no more than its `size` for each thread. Default: it has none.
   */
  threads?: true | number;
  /**
   * The handler is run for several messages at once, with a list of data and a list of results: see batch handlers in
   * docs/api.md. Not for methods of contracts. Default: one message each.
   */
  batch?: BatchOptions;
  /**
   * What happens to the values of an Observable beyond what the caller has asked for and `buffer`: the call ends with
   * REPLY_LOST, the oldest that wait are left out, or the newest are. Async iterables are never ahead of their reader.
   * Default: 'error'.
   */
  overflow?: Overflow;
  /** Values of an Observable that may wait until the caller asks for them. Default: 10000. */
  buffer?: number;
}

export const EXTRAS_TABLE = {
  concurrency: count({ min: 1, max: 100_000 }),
  group: groupName,
  retry: retryPolicy,
  lane: text({ max: MAX_PATTERN_LENGTH }),
  atMostOnce: flag,
  spread: count({ min: 1, max: MAX_SHARDS }),
  priorities: flag,
  broadcast: flag,
  restartable: flag,
  threads: handlerThreads,
  batch,
  overflow,
  buffer: count({ default: 10_000, min: 1, max: 1_000_000 }),
} as const satisfies Record<Exclude<keyof HandlerExtras, keyof HandlerSynonyms>, Option>;

/** The extras of a handler as the engine uses them. Where one is undefined, the server's option counts. */
export type ResolvedHandlerExtras = OptionValues<typeof EXTRAS_TABLE>;

/**
 * Reads the extras of the handler of a pattern.
 *
 * @throws RedisStreamsError INVALID_OPTION for a bad value, two that contradict each other, or a
 * key that is not known and looks like ours.
 */
export function resolveHandlerExtras(extras: unknown, pattern: string): ResolvedHandlerExtras {
  const place = { owner: `Extras of the handler of "${pattern}"`, pattern };
  const given = givenOptions(extras, isKnown, place);
  translate(given, HANDLER_SYNONYMS, place);
  for (const name of given.keys()) {
    if (Object.hasOwn(EXTRAS_TABLE, name)) continue;
    const advice = adviceFor(name);
    if (advice === undefined) continue;
    const told = `${place.owner}: unknown option "${name.slice(0, 64)}"; ${advice}`;
    throw new RedisStreamsError('INVALID_OPTION', told, place);
  }
  const values = readOptions(EXTRAS_TABLE, given, place);
  for (const other of ['retry', 'restartable'] as const) {
    if (!values.atMostOnce || !values[other]) continue;
    throw contradiction(place, 'atMostOnce', other, 'what is started once is never run again');
  }
  if (values.group !== undefined && values.broadcast) {
    const reason = 'every instance gets what is broadcast, whatever its group';
    throw contradiction(place, 'group', 'broadcast', reason);
  }
  if (values.spread !== undefined) refuseSpread(values, place);
  if (values.priorities) refuseClasses(values, place);
  return Object.freeze(values);
}

function isKnown(name: string): boolean {
  return Object.hasOwn(EXTRAS_TABLE, name) || Object.hasOwn(HANDLER_SYNONYMS, name);
}

/** Refuses what goes neither with the one stream of a lane nor with events. */
function refuseSpread(values: ResolvedHandlerExtras, place: Place): void {
  if (values.lane !== undefined) {
    throw contradiction(place, 'spread', 'lane', 'a lane is one stream');
  }
  if (values.broadcast) throw contradiction(place, 'spread', 'broadcast', 'it is for calls');
}

/** Refuses what has one stream only, or streams that are read apart from each other. */
function refuseClasses(values: ResolvedHandlerExtras, place: Place): void {
  const reasons = {
    lane: 'a lane is one stream',
    spread: 'each shard is read by itself, so nothing of one comes before the rest of another',
    broadcast: 'every instance reads what is broadcast by itself, in its order',
  };
  for (const other of ['lane', 'spread', 'broadcast'] as const) {
    if (values[other]) throw contradiction(place, 'priorities', other, reasons[other]);
  }
}

/**
 * What to do about a key that looks like one of ours: its name is close to one, other libraries use it for one, or it
 * is an option of something else. Undefined for a key that may belong to another library or the application.
 */
function adviceFor(key: string): string | undefined {
  const close = nearest(key, OURS, slips) ?? aliasOf(key);
  if (close !== undefined) return `did you mean "${close}"?`;
  const name = key.toLowerCase();
  const named = (options: readonly string[]) => options.find((one) => one.toLowerCase() === name);
  const server = named(Object.keys(SERVER_TABLE).filter(isOurWord));
  if (server !== undefined)
    return `"${server}" is an option of ServerRedisStreams, not of a handler`;
  const record = named(Object.keys(RECORD_TABLE).filter(isOurWord));
  return record && `"${record}" is for callers: an option of RedisStreamsRecord`;
}

const OURS = Object.keys(EXTRAS_TABLE);

/** The option of a handler that other transports and queues call so. */
function aliasOf(key: string): string | undefined {
  const meant = ALIASES.get(key);
  // Handlers may carry the group of another transport beside ours.
  return meant !== undefined && meant !== 'group' && OURS.includes(meant) ? meant : undefined;
}

/** Other libraries may have these in their extras too. */
const COMMON_WORDS = new Set(['prefix', 'headers', 'signal', 'serializer', 'deserializer']);

function isOurWord(name: string): boolean {
  return !COMMON_WORDS.has(name);
}

/** Fewer slips than elsewhere: an application's own `lang` or `name` must not be taken for `lane`. */
function slips(length: number): number {
  if (length < 5) return 0;
  return length < 8 ? 1 : 2;
}
