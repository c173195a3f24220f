import { jittered, type Clock } from '../../clock.js';

/** Most operations on their way at once. */
const WINDOW = 256;
/** Operations that are tried again together. If one of them succeeds, the next page follows at once. */
const PAGE = 32;
/** Milliseconds until refused operations are tried again; they double up to the longest. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5000;
const JITTER = 0.3;
/** Failed first tries in a row after which new operations wait with the others. */
const STALLED = 32;

/** An operation that is repeated until Redis answers. */
interface Wish {
  wasTried: boolean;
  isWanted(): boolean;
  /** Returns whether there was an answer. */
  attempt(): Promise<boolean>;
  giveUp(): void;
}

/**
 * Repeats operations that Redis has not answered or has refused, on one schedule with growing pauses. While all of
 * them fail, Redis gets one page of commands in each pause, however many wait.
 */
export class Patience {
  /** Operations that were not tried yet. */
  private readonly fresh: Wish[] = [];
  /** Operations that were tried, the oldest try first. */
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
    /** Called when an operation has ended. */
    private readonly eased: () => void = () => undefined,
  ) {}

  /** Operations that have no answer yet. */
  get size(): number {
    return this.open;
  }

  /**
   * Resolves with the answer, or with undefined when it is not wanted any more. Never rejects.
   * @param operation undefined: try again later. A rejection counts as undefined; the operation logs its failures
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

  /** Tries now, because Redis may answer now. */
  resume(): void {
    void this.again();
  }

  /** Gives up all operations that are not on their way. */
  drop(): void {
    this.cancel();
    const dropped = [...this.fresh.splice(0), ...this.refused.splice(0)];
    for (const wish of dropped) wish.giveUp();
  }

  /** Resolves when all operations have ended. */
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

  /** Tries what waits once more, page by page, until a whole page is refused. */
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

  /** Sets one timer for all operations. */
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
