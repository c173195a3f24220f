/**
 * Decides from progress alone whether a connection is alive. Neither the client's status nor TCP tells:
 * a half-open socket looks healthy for minutes.
 *
 * Detection takes at most `idle` + `patience` + two ticks; with a command in flight `patience` + one tick.
 * Time in which this process stood still does not count, whatever was silent meanwhile.
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

  /** Nothing waits for an answer. */
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

  /** @param blocking milliseconds that an answer may take longer than `patience`, as one of a blocking read does */
  tick(now: number, blocking: number): 'fine' | 'ping' | 'dead' {
    const late = now - this.lastTick - this.tickEvery;
    const stalled = late > this.tickEvery;
    this.lastTick = now;
    if (stalled && this.waiting > 0) this.lastProgress = Math.min(now, this.lastProgress + late);
    const silence = now - this.lastProgress;
    if (this.waiting > 0) {
      // Right after a stall the answers are still waiting to be read: the next look tells.
      return silence > this.patience + blocking && !stalled ? 'dead' : 'fine';
    }
    return silence >= this.idle ? 'ping' : 'fine';
  }
}
