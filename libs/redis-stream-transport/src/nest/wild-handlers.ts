import type { MessageHandler } from '@nestjs/microservices';
import type { PatternSpec } from '../engine/consumer/intake/pattern-state.js';
import type { WildPatterns } from '../engine/consumer/wildcards/wild-patterns.js';
import { RedisStreamsError } from '../errors.js';
import { Glob, isGlob } from '../protocol/glob.js';
import { unfit } from './handler-checks.js';
import type { Entry, Extras } from './handler-entry.js';

/** Patterns with wildcards that one server may have. */
const MOST = 1000;

/** Makes and forgets what one group has of a pattern. */
export interface WildGroup {
  open(pattern: string, entry: Entry): PatternSpec;
  close(pattern: string): void;
}

interface WildEntry {
  readonly glob: Glob;
  readonly entry: Entry;
}

/**
 * The handlers of a server whose patterns may have wildcards. Of a pattern all event handlers run whose own pattern
 * matches. One message handler answers: that which names the pattern, else that whose pattern says most of it.
 */
export class WildHandlers {
  /** Patterns that are named, each with all that handles it. */
  readonly named = new Map<string, Entry>();
  private readonly wild: readonly WildEntry[];

  /**
   * @param lanes the lane of each pattern that is in one: if a wildcard stands for it, it is read there
   * @throws RedisStreamsError INVALID_OPTION for extras that do not go with wildcards, or too many of these
   */
  constructor(
    private readonly entries: ReadonlyMap<string, Entry>,
    extras: Extras,
    lanes: ReadonlyMap<string, string>,
  ) {
    this.wild = [...entries].flatMap(([pattern, entry]) =>
      isGlob(pattern) ? { glob: new Glob(pattern), entry } : [],
    );
    if (this.wild.length > MOST) {
      const told = `one server may have ${MOST} patterns with wildcards, and has ${this.wild.length}`;
      throw new RedisStreamsError('INVALID_OPTION', told);
    }
    for (const { glob, entry } of this.wild) checkExtras(glob.text, entry, extras, lanes);
    const laned = [...lanes.keys()].filter((pattern) => this.matches(pattern));
    for (const pattern of [...entries.keys(), ...laned]) this.named.set(pattern, this.of(pattern));
  }

  /** What one group does with patterns that nobody names; undefined: nothing. @param inGroup its part of an entry */
  patternsOf(inGroup: (entry: Entry) => Entry, group: WildGroup): WildPatterns | undefined {
    const own = this.wild.flatMap(({ glob, entry }) => {
      const { message, events } = inGroup(entry);
      if (message === undefined && events.length === 0) return [];
      return { glob, text: glob.text, start: glob.start, answers: message !== undefined };
    });
    if (own.length === 0) return undefined;
    return {
      wildcards: own.map(({ text, start, answers }) => ({ text, start, answers })),
      wants: (pattern) => {
        if (!this.matches(pattern)) return undefined;
        const { message, events } = inGroup(this.of(pattern));
        const [answers, listens] = [message !== undefined, events.length > 0];
        if (!answers && !listens) return undefined;
        const standing = own.filter(({ glob }) => glob.matches(pattern));
        return { answers, listens, texts: standing.map(({ text }) => text) };
      },
      open: (pattern) => group.open(pattern, inGroup(this.of(pattern))),
      close: (pattern) => group.close(pattern),
    };
  }

  private matches(pattern: string): boolean {
    return this.wild.some(({ glob }) => glob.matches(pattern));
  }

  private of(pattern: string): Entry {
    const own = this.entries.get(pattern);
    const others = this.wild.filter(({ glob, entry }) => entry !== own && glob.matches(pattern));
    // A handler that has several patterns runs once.
    const events = new Set([
      ...(own?.events ?? []),
      ...others.flatMap(({ entry }) => entry.events),
    ]);
    return {
      message: own?.message ?? mostSpecific(others),
      events: [...events],
      duplicated: false,
    };
  }
}

/** Of those that say as much as others, the first that was declared. */
function mostSpecific(entries: readonly WildEntry[]): MessageHandler | undefined {
  let best: WildEntry | undefined;
  for (const one of entries) {
    if (one.entry.message === undefined) continue;
    if (best === undefined || one.glob.literals > best.glob.literals) best = one;
  }
  return best?.entry.message;
}

/** @throws RedisStreamsError INVALID_OPTION */
function checkExtras(
  pattern: string,
  { message, events }: Entry,
  extras: Extras,
  lanes: ReadonlyMap<string, string>,
): void {
  const refuse = (option: string, reason: string): never => {
    throw unfit(pattern, option, reason);
  };
  for (const handler of message === undefined ? events : [message, ...events]) {
    const own = extras.get(handler);
    if (own?.spread !== undefined) refuse('spread', 'a pattern with wildcards has many streams');
    if (own?.broadcast === true)
      refuse('broadcast', 'a group of broadcasts begins at the end, and would miss first events');
    if (own?.priorities === true)
      refuse('priorities', 'what a wildcard brings is read in one stream; name the pattern');
    if (own?.lane !== undefined) refuse('lane', ONE_BY_ONE);
  }
  if (lanes.has(pattern)) refuse('lanes', ONE_BY_ONE);
}

const ONE_BY_ONE = 'a pattern with wildcards has many streams; name the patterns of a lane';
