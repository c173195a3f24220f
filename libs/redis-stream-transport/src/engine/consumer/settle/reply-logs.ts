import type { Clock } from '../../clock.js';

/** Reply logs that are known; beyond, all are begun anew. */
const MOST_KNOWN = 10_000;
/** Milliseconds by which the life of a log is extended beyond what is needed, so that this is not done with each frame. */
const AHEAD = 5000;
/** Frames and characters after which the size of a log is looked at again: that costs more than appending to it. */
const MEASURE = { frames: 16, length: 262_144 } as const;

interface Known {
  /** How long it lives at least, as far as this process has seen to it (monotonic, ms). */
  livesUntil: number;
  frames: number;
  length: number;
}

/** What a frame has Redis do with its log, beside appending. */
export interface LogCare {
  /** Milliseconds that it is to live at least. */
  readonly ttlMs: number;
  /** It certainly lives that long. */
  readonly livesOn: boolean;
  /** Its size is not looked at. */
  readonly unmeasured: boolean;
}

/**
 * What this process has done for the reply logs of its callers a moment ago, so that Redis need not do it again with
 * each frame: extend their lives, and look whether they are full.
 */
export class ReplyLogs {
  private readonly known = new Map<string, Known>();
  private generation = 0;

  constructor(private readonly clock: Clock) {}

  /**
   * A frame goes to a log.
   *
   * @param length characters of the frame
   * @param ttlMs how long the log must live at least
   * @param generation a new one may mean that Redis has lost the logs
   */
  appends(caller: string, length: number, ttlMs: number, generation: number): LogCare {
    const now = this.clock.now();
    if (generation !== this.generation || this.known.size > MOST_KNOWN) this.known.clear();
    this.generation = generation;
    const log = this.known.get(caller);
    if (log === undefined) {
      this.known.set(caller, { livesUntil: now + ttlMs + AHEAD, frames: 0, length: 0 });
      return { ttlMs: ttlMs + AHEAD, livesOn: false, unmeasured: false };
    }
    const livesOn = log.livesUntil >= now + ttlMs;
    if (!livesOn) log.livesUntil = now + ttlMs + AHEAD;
    log.frames++;
    log.length += length;
    const unmeasured = log.frames < MEASURE.frames && log.length < MEASURE.length;
    if (!unmeasured) log.frames = log.length = 0;
    return { ttlMs: ttlMs + AHEAD, livesOn, unmeasured };
  }
}
