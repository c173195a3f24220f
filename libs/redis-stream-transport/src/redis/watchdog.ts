/** Milliseconds without traffic after which a connection is tested with a PING. */
export const HEARTBEAT = 3000;
/** Milliseconds that an answer may take. After them the connection counts as dead. */
export const PATIENCE = 3500;
/** Milliseconds between two looks at the connection. A silence is noticed after the sum of all three at the latest. */
export const TICK = 250;

/**
 * Decides from progress alone whether a connection is alive. The state of ioredis and of TCP does not tell: a half-open
 * socket looks healthy for minutes.
 *
 * A dead connection is noticed after `idle` + `patience` + two ticks at most; with a command in flight after
 * `patience` + one tick. Time in which this process stood still does not count as silence.
 *
 * All times are monotonic and in milliseconds.
 */
export class Watchdog {
  private waiting = 0;
  private lastProgress: number;
  private lastTick: number;

  constructor(
    private readonly idle: number,
    private readonly patience: number,
    private readonly tickEvery: number,
    now: number,
  ) {
    this.lastProgress = now;
    this.lastTick = now;
  }

  /** Whether no command waits for an answer. */
  get isIdle(): boolean {
    return this.waiting === 0;
  }

  sent(now: number): void {
    if (this.waiting++ === 0) this.lastProgress = now;
  }

  /** An answer came. */
  answered(now: number): void {
    this.waiting--;
    this.lastProgress = now;
  }

  /**
   * Judges the connection. To be called every `tickEvery` milliseconds.
   *
   * @param blocking milliseconds that an answer may take longer than `patience`, as that of a blocking read does
   */
  tick(now: number, blocking: number): 'fine' | 'ping' | 'dead' {
    const late = now - this.lastTick - this.tickEvery;
    const stalled = late > this.tickEvery;
    this.lastTick = now;
    if (stalled && this.waiting > 0) this.lastProgress = Math.min(now, this.lastProgress + late);
    const silence = now - this.lastProgress;
    if (this.waiting > 0) {
      // Right after a stall of this process, answers are still waiting to be read. The next tick decides.
      return silence > this.patience + blocking && !stalled ? 'dead' : 'fine';
    }
    return silence >= this.idle ? 'ping' : 'fine';
  }
}
