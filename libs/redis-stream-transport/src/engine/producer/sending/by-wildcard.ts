import { Glob } from '../../../protocol/glob.js';
import { MAX_PATTERN_LENGTH } from '../../../protocol/limits.js';
import type { AnsweredWildcard, MatchedPattern } from '../../../redis/caller-broker.js';
import type { Refusal } from '../../../redis/verdict.js';
import type { Clock } from '../../clock.js';
import type { Call } from '../call.js';

/** Milliseconds for which an answer of Redis counts. */
const KNOWN_FOR = 100;
/** The same where there are no wildcards, or so many announcements that an answer costs: a refusal is what is wanted most often. */
const KNOWN_LONGER = 1000;
const MANY = 500;
/** Announcements of wildcards that are looked at. */
const MOST = 10_000;
/** Different ones that are compared: the first ones by their texts. */
const MOST_GLOBS = 1000;
/** Patterns about which Redis is asked at once, and of which it is known what it said. */
const MOST_ASKED = 200;
const MOST_KNOWN = 10_000;

/** A shard that says which wildcards are answered. */
export interface WildcardShard {
  /** @param most announcements that are looked at */
  answeredWildcards(most: number): Promise<AnsweredWildcard[]>;
  /** For each of the patterns, whether a group with a wildcard answers it. */
  answerers(patterns: readonly MatchedPattern[]): Promise<boolean[]>;
}

export interface ByWildcardHooks {
  readonly shardFor: (call: Call) => WildcardShard;
  readonly send: (call: Call) => void;
  /** No wildcard answers the call. */
  refused(call: Call, reason: Refusal): void;
}

interface Answered extends AnsweredWildcard {
  readonly glob: Glob;
}

/** What a shard has said. */
class Said {
  wildcards: readonly Answered[] = [];
  /** Whether the patterns are answered that it was asked about. */
  readonly patterns = new Map<string, boolean>();
  /** Until when what it said counts (monotonic, ms). */
  until = Number.NEGATIVE_INFINITY;
  /** Calls that wait for what it says, and why they were refused. */
  waiting: [call: Call, reason: Refusal][] = [];
  isAsked = false;

  /** Whether a wildcard answers a pattern; undefined: it is not known. */
  of(pattern: string, now: number): boolean | undefined {
    if (now >= this.until) return undefined;
    const known = this.patterns.get(pattern);
    if (known !== undefined || this.standing(pattern).length > 0) return known;
    this.note(pattern, false);
    return false;
  }

  note(pattern: string, isAnswered: boolean): void {
    if (this.patterns.size >= MOST_KNOWN) this.patterns.clear();
    this.patterns.set(pattern, isAnswered);
  }

  standing(pattern: string): Answered[] {
    return this.wildcards.filter(({ glob }) => glob.matches(pattern));
  }
}

/**
 * Sends calls again that were refused because no instance names their pattern, if a wildcard answers it: their stream is
 * known from then on, and the instance that has the wildcard reads it. Redis is asked which wildcards there are ten times a
 * second at most, once a second where there are none or many, and only after such a refusal; then it is asked whether the group of one that matches answers the
 * pattern, or leaves it to another group that names it and is away.
 */
export class ByWildcard {
  private readonly shards = new Map<WildcardShard, Said>();

  constructor(
    private readonly clock: Clock,
    private readonly hooks: ByWildcardHooks,
  ) {}

  /** Whether the call is sent again, or Redis is asked first. */
  takes(call: Call, reason: Refusal): boolean {
    if ((reason !== 'NEVER' && reason !== 'NONE') || call.request.stream !== call.pattern)
      return false;
    const shard = this.hooks.shardFor(call);
    let said = this.shards.get(shard);
    if (said === undefined) this.shards.set(shard, (said = new Said()));
    const isAnswered = said.isAsked ? undefined : said.of(call.pattern, this.clock.now());
    if (isAnswered === false) return false;
    queued(call);
    if (isAnswered === true) this.send(call);
    else {
      said.waiting.push([call, reason]);
      if (!said.isAsked) void this.ask(shard, said);
    }
    return true;
  }

  /** Asks until no call waits. */
  private async ask(shard: WildcardShard, said: Said): Promise<void> {
    said.isAsked = true;
    while (said.waiting.length > 0) {
      const calls = said.waiting.splice(0, MOST_ASKED);
      try {
        await this.learn(
          shard,
          said,
          calls.map(([{ pattern }]) => pattern),
        );
      } catch {
        // What Redis does not say is not so: the next refusal asks again.
        said.until = Number.NEGATIVE_INFINITY;
      }
      for (const [call, reason] of calls) {
        if (call.state !== 'queued') continue;
        if (said.patterns.get(call.pattern) === true) this.send(call);
        else this.hooks.refused(call, reason);
      }
    }
    said.isAsked = false;
  }

  private async learn(shard: WildcardShard, said: Said, names: readonly string[]): Promise<void> {
    if (this.clock.now() >= said.until) {
      said.patterns.clear();
      const all = await shard.answeredWildcards(MOST);
      said.wildcards = globsOf(all);
      const isCheap = all.length > 0 && all.length < MANY;
      said.until = this.clock.now() + (isCheap ? KNOWN_FOR : KNOWN_LONGER);
    }
    const asked: MatchedPattern[] = [];
    for (const pattern of new Set(names)) {
      if (said.patterns.has(pattern)) continue;
      const by = said.standing(pattern);
      if (by.length > 0) asked.push({ pattern, by });
      else said.note(pattern, false);
    }
    if (asked.length === 0) return;
    const answers = await shard.answerers(asked);
    for (const [i, { pattern }] of asked.entries()) said.note(pattern, answers[i] === true);
  }

  /** It is stored in any case. One whose time is over is left to its timer: it certainly does not run. */
  private send(call: Call): void {
    call.request = { ...call.request, grace: 'wait' };
    if (call.expiresAt > this.clock.now()) this.hooks.send(call);
  }
}

/** The same ones each time: Redis lists them by the ends of their leases. */
function globsOf(all: readonly AnsweredWildcard[]): Answered[] {
  return all
    .filter(({ text }) => text.length <= MAX_PATTERN_LENGTH)
    .toSorted((one, other) => compare(one.text, other.text) || compare(one.group, other.group))
    .slice(0, MOST_GLOBS)
    .map(({ group, groupTtl, text }) => ({ group, groupTtl, text, glob: new Glob(text) }));
}

const compare = (one: string, other: string): number => Number(one > other) - Number(one < other);

function queued(call: Call): void {
  call.state = 'queued';
  call.copies = 0;
}
