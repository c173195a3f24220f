import { MAX_SPREAD_PATTERN, spreadStreams, usedStreams } from '../../../protocol/spread.js';
import type { Clock } from '../../clock.js';
import type { Call } from '../call.js';

/** Milliseconds for which calls of a pattern go to one stream: those that leave together share batches and packs. */
const TURN = 4;
/** Calls that go to one stream in this time at most. */
const MOST = 256;
/** Milliseconds for which it counts that a pattern is spread. Who calls often hears it once a second. */
const HEARD_FOR = 2000;
/** Patterns that are known; beyond, all are heard of anew. */
const MOST_KNOWN = 10_000;

/** A pattern that is spread. */
interface Spread {
  readonly spread: number;
  /** The streams that calls go to; its own is the first. */
  readonly streams: readonly string[];
  /** When Redis was asked last (monotonic, ms). */
  heardAt: number;
  /** The stream whose turn it is. */
  at: number;
  /** Until when (monotonic, ms), and how many calls it still gets. */
  until: number;
  left: number;
}

export interface SpreadsParts {
  readonly shards: number;
  readonly clock: Clock;
  /** Whether the shard of a stream can be used. */
  readonly isUp: (stream: string) => boolean;
  readonly send: (call: Call) => void;
}

/**
 * Sends calls of spread patterns to other streams than the pattern's own, in turns (docs/decisions/0032-spread.md).
 * Invariant: a call leaves its own stream only while all who answer the pattern read the others, and comes back if
 * another one does not take it.
 */
export class Spreads {
  private readonly known = new Map<string, Spread>();

  constructor(private readonly parts: SpreadsParts) {}

  /** No pattern is spread: nothing has to be asked for a call. */
  get isEmpty(): boolean {
    return this.known.size === 0;
  }

  /**
   * Over how many streams a pattern is spread; undefined: it has its own alone.
   *
   * @param heardAt when Redis was asked (monotonic, ms)
   */
  noted(pattern: string, spread: number | undefined, heardAt: number): void {
    const { shards, clock } = this.parts;
    if (spread === undefined || spread < 2 || shards === 1 || pattern.length > MAX_SPREAD_PATTERN) {
      this.known.delete(pattern);
      return;
    }
    const before = this.known.get(pattern);
    if (before?.spread === spread) {
      before.heardAt = heardAt;
      return;
    }
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    const streams = usedStreams(pattern, spreadStreams(pattern, shards), spread);
    // Clients do not begin at the same one.
    const at = Math.floor(clock.random() * streams.length);
    this.known.set(pattern, { spread, streams, heardAt, at, until: 0, left: 0 });
  }

  /**
   * Gives a new call its stream. One with a key stays in its own: there is the record of the key, also for clients that
   * do not know that the pattern is spread. So does one in a lane. A spread pattern has no classes of importance.
   */
  route(call: Call): void {
    const { request } = call;
    if (request.key !== undefined || request.stream !== request.pattern || call.schedule) return;
    const known = this.known.get(request.pattern);
    if (known === undefined) return;
    const stream = this.next(known, call.startedAt);
    if (stream === request.stream) return;
    // Where nobody serves it, it is not to wait.
    const grace = request.grace === 'fail' ? 'fail' : 'served';
    const elsewhere = { stream, namePattern: true, ofClass: undefined };
    call.request = { ...request, ...elsewhere, grace, home: request };
  }

  /** Whether a call that was not stored goes to its own stream instead. Not if a copy may be in Redis. */
  offered(call: Call): boolean {
    const { home, codec, data } = call.request;
    if (home === undefined || call.tainted) return false;
    call.recalled();
    call.request = { ...home, codec, data };
    // If its time is over it certainly does not run, and its timer ends it.
    if (call.expiresAt > this.parts.clock.now()) this.parts.send(call);
    return true;
  }

  /**
   * The next stream whose shard can be used; if there is none, the pattern's own. What was heard too long ago is asked
   * for again, by a call to its own stream. Where its shard is down nobody announces anything else.
   */
  private next(known: Spread, now: number): string {
    const { streams } = known;
    const own = streams[0] as string;
    if (now - known.heardAt > HEARD_FOR && this.parts.isUp(own)) return own;
    if (known.left === 0 || now >= known.until) pass(known, now);
    for (let tried = 0; tried < streams.length; tried++) {
      const stream = streams[known.at] as string;
      if (this.parts.isUp(stream)) {
        known.left--;
        return stream;
      }
      pass(known, now);
    }
    return own;
  }
}

/** It is the turn of the next. */
function pass(known: Spread, now: number): void {
  known.at = (known.at + 1) % known.streams.length;
  known.until = now + TURN;
  known.left = MOST;
}
