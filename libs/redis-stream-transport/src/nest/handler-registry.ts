import type { MessageHandler } from '@nestjs/microservices';
import { clockOf } from '../engine/clock.js';
import type { PatternSpec } from '../engine/consumer/intake/pattern-state.js';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import { RedisStreamsError } from '../errors.js';
import {
  resolveHandlerExtras,
  withRetryParts,
  type ResolvedHandlerExtras,
  type ResolvedServerOptions,
} from '../options/index.js';
import { classStreams, MAX_CLASS_PATTERN } from '../protocol/priority.js';
import { MAX_SPREAD_PATTERN } from '../protocol/spread.js';
import { Batches } from './batches.js';
import { threadCount } from './thread-room.js';

/** Handlers of one pattern. */
export interface PatternHandlers {
  readonly message: MessageHandler | undefined;
  readonly events: readonly MessageHandler[];
  readonly broadcasts: readonly MessageHandler[];
}

/** What a server serves in one group. */
export interface ServedGroup {
  readonly group: string;
  readonly specs: readonly PatternSpec[];
  readonly handlers: ReadonlyMap<string, PatternHandlers>;
  /** How many threads the handlers of a pattern may use at once, of patterns that have any. */
  readonly threads: ReadonlyMap<string, number>;
}

/** Groups that the handlers of one server may have: each has a lease and a reading connection of its own. */
const MOST_GROUPS = 64;

interface Entry {
  message: MessageHandler | undefined;
  readonly events: MessageHandler[];
  duplicated: boolean;
}

/**
 * Handlers by pattern. Event handlers are kept in lists of our own, because Nest joins them with forkJoin, which
 * ends at the first empty result and gives the others up at the first error.
 */
export class HandlerRegistry {
  private readonly entries = new Map<string, Entry>();

  add(pattern: string, handler: MessageHandler, isEvent: boolean): void {
    let entry = this.entries.get(pattern);
    if (entry === undefined) {
      entry = { message: undefined, events: [], duplicated: false };
      this.entries.set(pattern, entry);
    }
    if (isEvent) {
      entry.events.push(handler);
    } else {
      entry.duplicated ||= entry.message !== undefined;
      entry.message = handler;
    }
  }

  /**
   * What is to be read, and the handlers of each pattern, by group. The server's own group comes first, also if no
   * handler is in it.
   *
   * @throws RedisStreamsError DUPLICATE_HANDLER, INVALID_OPTION
   */
  resolve(options: ResolvedServerOptions, logger: RateLimitedLogger): ServedGroup[] {
    const groups = new Map([[options.group, new GroupInMaking(options, logger)]]);
    for (const [pattern, { message, events, duplicated }] of this.entries) {
      if (duplicated) {
        throw new RedisStreamsError(
          'DUPLICATE_HANDLER',
          `two message handlers have the pattern ${pattern}; only one could answer`,
          { pattern },
        );
      }
      const extras = new Map<MessageHandler, ResolvedHandlerExtras>();
      for (const handler of message === undefined ? events : [message, ...events]) {
        const own = resolveHandlerExtras(handler.extras, pattern);
        if (own.priorities) this.checkClasses(pattern, options);
        if (own.spread !== undefined) checkSpread(pattern, handler !== message);
        checkThreads(pattern, own, options);
        extras.set(handler, own);
      }
      const groupOf = (handler: MessageHandler): string =>
        extras.get(handler)?.group ?? options.group;
      for (const group of new Set([...extras.keys()].map(groupOf))) {
        const inIt = (handler: MessageHandler): boolean => groupOf(handler) === group;
        const own = message !== undefined && inIt(message) ? message : undefined;
        let place = groups.get(group);
        if (place === undefined) groups.set(group, (place = new GroupInMaking(options, logger)));
        place.add(pattern, extras, own, events.filter(inIt));
      }
    }
    if (groups.size > MOST_GROUPS) {
      const told = `the handlers of one server have ${groups.size} groups, and may have ${MOST_GROUPS}`;
      throw new RedisStreamsError('INVALID_OPTION', told);
    }
    return [...groups].map(([group, { specs, handlers, threads }]) => ({
      group,
      specs,
      handlers,
      threads,
    }));
  }

  /** @throws RedisStreamsError INVALID_OPTION where the stream of a class is that of another pattern */
  private checkClasses(pattern: string, { shards, lanes }: ResolvedServerOptions): void {
    if (pattern.length > MAX_CLASS_PATTERN)
      throw unfit(pattern, 'priorities', `the pattern may have ${MAX_CLASS_PATTERN} characters`);
    const { high, low } = classStreams(pattern, shards);
    const used = new Set(lanes.values());
    for (const [other, { message, events }] of this.entries) {
      used.add(other);
      for (const handler of message === undefined ? events : [message, ...events])
        used.add(resolveHandlerExtras(handler.extras, other).lane ?? other);
    }
    const other = [high, low].find((stream) => used.has(stream));
    if (other !== undefined) {
      const told = `"${other}" is a stream of its classes, and a pattern or a lane`;
      throw unfit(pattern, 'priorities', told);
    }
  }
}

class GroupInMaking {
  readonly specs: PatternSpec[] = [];
  readonly handlers = new Map<string, PatternHandlers>();
  readonly threads = new Map<string, number>();

  constructor(
    private readonly options: ResolvedServerOptions,
    private readonly logger: RateLimitedLogger,
  ) {}

  /** @param extras of all handlers of the pattern */
  add(
    pattern: string,
    extras: ReadonlyMap<MessageHandler, ResolvedHandlerExtras>,
    message: MessageHandler | undefined,
    events: readonly MessageHandler[],
  ): void {
    const broadcasts = events.filter((handler) => extras.get(handler)?.broadcast === true);
    const others = events.filter((handler) => !broadcasts.includes(handler));
    const spec = specMaker(pattern, extras, this.options);
    const shared = message === undefined ? others : [message, ...others];
    const ofGroup = shared.length > 0 ? spec(shared, message) : undefined;
    const ofInstance = broadcasts.length > 0 ? spec(broadcasts, undefined) : undefined;
    const run = (handler: MessageHandler): MessageHandler =>
      this.batched(handler, extras.get(handler), ofGroup);
    this.handlers.set(pattern, {
      message: message && run(message),
      events: others.map(run),
      broadcasts: broadcasts.map((one) => this.batched(one, extras.get(one), ofInstance)),
    });
    const all = message === undefined ? events : [message, ...events];
    const threads = all.flatMap((handler) => threadsOf(extras.get(handler), this.options) ?? []);
    if (threads.length > 0) this.threads.set(pattern, Math.min(...threads));
    if (ofGroup !== undefined) this.specs.push(ofGroup);
    if (ofInstance !== undefined) this.specs.push({ ...ofInstance, broadcast: true });
  }

  /** What runs in a handler's place. A batch that waits for more than may run at once would wait for its time only. */
  private batched(
    handler: MessageHandler,
    extras: ResolvedHandlerExtras | undefined,
    spec: PatternSpec | undefined,
  ): MessageHandler {
    const batch = extras?.batch;
    if (batch === undefined) return handler;
    const { concurrency, redis } = this.options;
    const size = Math.min(batch.size, spec?.concurrency ?? concurrency, concurrency);
    return new Batches(handler, { ...batch, size }, clockOf(redis), this.logger).run;
  }
}

const ONE_STREAM = 'the pattern is in a lane, which is one stream';

/** @throws RedisStreamsError INVALID_OPTION where entries of the pattern cannot be spread */
function checkSpread(pattern: string, isEvent: boolean): void {
  if (isEvent) {
    const reason =
      'it is for message handlers: every group reads all events of a pattern in one stream';
    throw unfit(pattern, 'spread', reason);
  }
  if (pattern.length > MAX_SPREAD_PATTERN) {
    throw unfit(pattern, 'spread', `the pattern may have ${MAX_SPREAD_PATTERN} characters`);
  }
}

/** How many threads a handler has at once; undefined: it has none. */
function threadsOf(
  own: ResolvedHandlerExtras | undefined,
  options: ResolvedServerOptions,
): number | undefined {
  return own?.threads === true ? threadCount(options.threads) : own?.threads;
}

/** How many messages compute at once; undefined: the handler has no threads. */
const computed = (own: ResolvedHandlerExtras, options: ResolvedServerOptions): number | undefined =>
  (threadsOf(own, options) ?? 0) * (own.batch?.size ?? 1) || undefined;

/** @throws RedisStreamsError INVALID_OPTION where a handler wants more threads than there are */
function checkThreads(
  pattern: string,
  own: ResolvedHandlerExtras,
  options: ResolvedServerOptions,
): void {
  const [wanted = 0, size] = [threadsOf(own, options), threadCount(options.threads)];
  if (wanted <= size) return;
  const told = `option "threads" is ${wanted}, and the server has ${size} ("threads.size")`;
  throw new RedisStreamsError('INVALID_OPTION', `Extras of the handler of "${pattern}": ${told}.`, {
    pattern,
  });
}

/**
 * Whether the pattern has classes of importance.
 *
 * @param all extras of all handlers of the pattern
 * @throws RedisStreamsError INVALID_OPTION where another handler of the pattern reads in a way that has none
 */
function hasClasses(pattern: string, all: readonly ResolvedHandlerExtras[]): boolean {
  if (!all.some(({ priorities }) => priorities)) return false;
  const refuse = (reason: string): never => {
    throw unfit(pattern, 'priorities', reason);
  };
  if (all.some(({ spread }) => spread !== undefined)) refuse('calls of the pattern are spread');
  if (all.some(({ broadcast }) => broadcast)) refuse('the pattern has handlers of broadcasts');
  return true;
}

function unfit(pattern: string, option: string, reason: string): RedisStreamsError {
  const told = `Extras of the handler of "${pattern}": option "${option}": ${reason}.`;
  return new RedisStreamsError('INVALID_OPTION', told, { pattern });
}

/** Handlers of one pattern share its stream, so where their extras differ the strictest counts. */
function specMaker(
  pattern: string,
  extras: ReadonlyMap<MessageHandler, ResolvedHandlerExtras>,
  options: ResolvedServerOptions,
) {
  // All groups of the pattern read all of its streams.
  const priorities = hasClasses(pattern, [...extras.values()]);
  return (of: readonly MessageHandler[], message: MessageHandler | undefined): PatternSpec => {
    const own = of.map((handler) => extras.get(handler) as ResolvedHandlerExtras);
    const lanes = new Set(own.flatMap(({ lane }) => lane ?? []));
    const configured = options.lanes.get(pattern);
    if (configured !== undefined) lanes.add(configured);
    if (lanes.size > 1) {
      throw new RedisStreamsError(
        'INVALID_OPTION',
        `the handlers of ${pattern} are in several lanes: ${[...lanes].join(', ')}`,
        { pattern },
      );
    }
    // No more are read than can compute: what waits in Redis may go to another instance.
    const bounds = own.flatMap((one) => one.concurrency ?? computed(one, options) ?? []);
    const parts = own.flatMap(({ retry }) => retry ?? []);
    const retried = parts.length > 0 || message === undefined;
    const answer = message && extras.get(message);
    const spread = answer?.spread;
    if (spread !== undefined && lanes.size > 0) throw unfit(pattern, 'spread', ONE_STREAM);
    if (priorities && lanes.size > 0) throw unfit(pattern, 'priorities', ONE_STREAM);
    return {
      pattern,
      stream: [...lanes][0] ?? pattern,
      spread,
      priorities,
      answers: message !== undefined,
      broadcast: false,
      concurrency: bounds.length > 0 ? Math.min(...bounds) : undefined,
      retry: retried ? withRetryParts(options.retry, Object.assign({}, ...parts)) : undefined,
      once: own.some(({ atMostOnce }) => atMostOnce),
      restartable: own.every(({ restartable }) => restartable),
      overflow: answer && { way: answer.overflow, buffer: answer.buffer },
    };
  };
}
