import type { MessageHandler } from '@nestjs/microservices';
import { clockOf } from '../engine/clock.js';
import type { PatternSpec } from '../engine/consumer/intake/pattern-state.js';
import type { WildPatterns } from '../engine/consumer/wildcards/wild-patterns.js';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import { RedisStreamsError } from '../errors.js';
import {
  resolveHandlerExtras,
  withRetryParts,
  type ResolvedHandlerExtras,
  type ResolvedServerOptions,
} from '../options/index.js';
import { Batches } from './batches.js';
import {
  checkClasses,
  checkSpread,
  checkThreads,
  computed,
  hasClasses,
  ONE_STREAM,
  threadsOf,
  unfit,
} from './handler-checks.js';
import type { Entry, Extras } from './handler-entry.js';
import { WildHandlers } from './wild-handlers.js';

/** Handlers of one pattern. */
export interface PatternHandlers {
  readonly message: MessageHandler | undefined;
  readonly events: readonly MessageHandler[];
  readonly broadcasts: readonly MessageHandler[];
}

/** What a server serves in one group. Patterns that wildcards stand for come and go. */
export interface ServedGroup {
  readonly group: string;
  readonly specs: readonly PatternSpec[];
  readonly handlers: Map<string, PatternHandlers>;
  /** How many threads the handlers of a pattern may use at once, of patterns that have any. */
  readonly threads: Map<string, number>;
  /** What is done with patterns that no handler names; undefined: nothing. */
  readonly wild: WildPatterns | undefined;
}

/** Groups that the handlers of one server may have: each has a lease and a reading connection of its own. */
const MOST_GROUPS = 64;

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
    const extras = new Map<MessageHandler, ResolvedHandlerExtras>();
    for (const [pattern, { message, events, duplicated }] of this.entries) {
      if (duplicated) {
        throw new RedisStreamsError(
          'DUPLICATE_HANDLER',
          `two message handlers have the pattern ${pattern}; only one could answer`,
          { pattern },
        );
      }
      for (const handler of message === undefined ? events : [message, ...events]) {
        const own = resolveHandlerExtras(handler.extras, pattern);
        if (own.priorities) checkClasses(pattern, this.entries, options);
        if (own.spread !== undefined) checkSpread(pattern, handler !== message);
        checkThreads(pattern, own, options);
        extras.set(handler, own);
      }
    }
    const groupOf = (handler: MessageHandler): string =>
      extras.get(handler)?.group ?? options.group;
    const inGroup = (group: string, { message, events }: Entry): Entry => ({
      message: message !== undefined && groupOf(message) === group ? message : undefined,
      events: events.filter((handler) => groupOf(handler) === group),
      duplicated: false,
    });
    const all = options.wildcards
      ? new WildHandlers(this.entries, extras, options.lanes)
      : undefined;
    for (const [pattern, entry] of all?.named ?? this.entries) {
      const { message, events } = entry;
      const handlers = message === undefined ? events : [message, ...events];
      // All groups of the pattern read all of its streams.
      const own = handlers.map((handler) => extras.get(handler) as ResolvedHandlerExtras);
      const priorities = hasClasses(pattern, own);
      for (const group of new Set(handlers.map(groupOf))) {
        let place = groups.get(group);
        if (place === undefined) groups.set(group, (place = new GroupInMaking(options, logger)));
        place.add(pattern, extras, inGroup(group, entry), priorities);
      }
    }
    if (groups.size > MOST_GROUPS) {
      const told = `the handlers of one server have ${groups.size} groups, and may have ${MOST_GROUPS}`;
      throw new RedisStreamsError('INVALID_OPTION', told);
    }
    return [...groups].map(([group, place]) => ({
      group,
      specs: place.specs,
      handlers: place.handlers,
      threads: place.threads,
      wild: all?.patternsOf((entry) => inGroup(group, entry), {
        open: (pattern, entry) => place.open(pattern, extras, entry),
        close: (pattern) => place.close(pattern),
      }),
    }));
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

  /** @param extras of all handlers */
  add(pattern: string, extras: Extras, entry: Entry, priorities: boolean): void {
    const { ofGroup, ofInstance } = this.make(pattern, extras, entry, priorities);
    if (ofGroup !== undefined) this.specs.push(ofGroup);
    if (ofInstance !== undefined) this.specs.push({ ...ofInstance, broadcast: true });
  }

  /** A pattern that wildcards stand for has come. None of its handlers broadcasts, and no class is read. */
  open(pattern: string, extras: Extras, entry: Entry): PatternSpec {
    return { ...(this.make(pattern, extras, entry, false).ofGroup as PatternSpec), wild: true };
  }

  close(pattern: string): void {
    this.handlers.delete(pattern);
    this.threads.delete(pattern);
  }

  private make(pattern: string, extras: Extras, { message, events }: Entry, priorities: boolean) {
    const broadcasts = events.filter((handler) => extras.get(handler)?.broadcast === true);
    const others = events.filter((handler) => !broadcasts.includes(handler));
    const spec = specMaker(pattern, extras, this.options, priorities);
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
    return { ofGroup, ofInstance };
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

/** Handlers of one pattern share its stream, so where their extras differ the strictest counts. */
function specMaker(
  pattern: string,
  extras: Extras,
  options: ResolvedServerOptions,
  priorities: boolean,
) {
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
      hears: of.some((handler) => handler !== message),
      broadcast: false,
      concurrency: bounds.length > 0 ? Math.min(...bounds) : undefined,
      retry: retried ? withRetryParts(options.retry, Object.assign({}, ...parts)) : undefined,
      once: own.some(({ atMostOnce }) => atMostOnce),
      restartable: own.every(({ restartable }) => restartable),
      overflow: answer && { way: answer.overflow, buffer: answer.buffer },
    };
  };
}
