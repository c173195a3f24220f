import { jittered, type Clock } from '../../clock.js';

/** Operations that are on their way at once. */
const WINDOW = 256;
/** Operations that are tried again together: as long as one of them succeeds, the next follow at once. */
const PAGE = 32;
/** Milliseconds before what was refused is tried again: they double, up to the longest. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5000;
const JITTER = 0.3;
/** First tries that failed in a row, after which new operations wait with the others. */
const STALLED = 32;

/** Something that is asked of Redis until there is an answer. */
interface Wish {
  wasTried: boolean;
  isWanted(): boolean;
  /** True when it is done. */
  attempt(): Promise<boolean>;
  giveUp(): void;
}

/**
 * Repeats what Redis has not answered or has refused, however many operations that are, on one schedule
 * with growing pauses. While everything fails, Redis gets a few commands in each pause and no more.
 */
export class Patience {
  /** Not tried yet. */
  private readonly fresh: Wish[] = [];
  /** Tried, the one that waits longest first. */
  private readonly refused: Wish[] = [];
  private open = 0;
  private inFlight = 0;
  private failures = 0;
  private pause = 0;
  private cancelTimer: (() => void) | undefined;
  private retrying = false;
  private idle: (() => void)[] = [];

  constructor(
    private readonly clock: Clock,
    /** One of them has ended. */
    private readonly eased: () => void = () => undefined,
  ) {}

  /** Operations that have no answer yet. */
  get size(): number {
    return this.open;
  }

  /**
   * Resolves with the answer, or with undefined when nobody wants it any more. Never rejects.
   * @param operation its failures are its own to tell of; undefined stands for "not now"
   */
  until<T>(
    isWanted: () => boolean,
    operation: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    return new Promise((resolve) => {
      const end = (answer: T | undefined): void => {
        this.open--;
        resolve(answer);
        this.ended();
      };
      this.open++;
      this.fresh.push({
        wasTried: false,
        isWanted,
        attempt: async () => {
          const answer = await operation().catch(() => undefined);
          if (answer !== undefined) end(answer);
          return answer !== undefined;
        },
        giveUp: () => end(undefined),
      });
      this.pump();
    });
  }

  /** Something has changed for the better: tries now. */
  resume(): void {
    void this.again();
  }

  /** Nothing of it is wanted any more. */
  drop(): void {
    this.cancel();
    const dropped = [...this.fresh.splice(0), ...this.refused.splice(0)];
    for (const wish of dropped) wish.giveUp();
  }

  /** Resolves when there is an answer to everything. */
  async settled(): Promise<void> {
    if (this.open === 0) return;
    await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private pump(): void {
    while (this.fresh.length > 0 && this.inFlight < WINDOW && this.failures < STALLED) {
      void this.attempt(this.fresh.shift() as Wish);
    }
    if (this.fresh.length > 0 && this.inFlight === 0) this.schedule();
  }

  /** Returns whether it is done. */
  private async attempt(wish: Wish): Promise<boolean> {
    if (!wish.isWanted()) {
      wish.giveUp();
      return true;
    }
    this.inFlight++;
    const done = await wish.attempt();
    this.inFlight--;
    if (done) this.failures = 0;
    else if (wish.isWanted()) {
      if (!wish.wasTried) this.failures++;
      wish.wasTried = true;
      this.refused.push(wish);
      this.schedule();
    } else wish.giveUp();
    this.pump();
    return done;
  }

  /** One look at everything that waits, page by page, until a whole page is refused. */
  private async again(): Promise<void> {
    if (this.retrying) return;
    this.cancel();
    this.retrying = true;
    let left = this.fresh.length + this.refused.length;
    while (left > 0) {
      const page = this.fresh.splice(0, PAGE);
      page.push(...this.refused.splice(0, PAGE - page.length));
      if (page.length === 0) break;
      left -= page.length;
      const done = await Promise.all(page.map((wish) => this.attempt(wish)));
      if (!done.includes(true)) break;
      this.pause = 0;
    }
    this.retrying = false;
    if (this.fresh.length + this.refused.length > 0) this.schedule();
    else this.pause = 0;
  }

  /** One timer for all of them. */
  private schedule(): void {
    if (this.cancelTimer !== undefined || this.retrying) return;
    this.pause = Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, 2 * this.pause));
    const wait = jittered(this.clock, this.pause, JITTER);
    this.cancelTimer = this.clock.after(wait, () => void this.again());
  }

  private cancel(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private ended(): void {
    this.eased();
    if (this.open > 0) return;
    const idle = this.idle;
    this.idle = [];
    for (const resolve of idle) resolve();
  }
}
