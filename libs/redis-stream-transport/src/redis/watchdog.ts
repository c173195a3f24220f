/**
 * Decides from progress alone whether a connection is alive. Neither the client's status nor TCP tells:
 * a half-open socket looks healthy for minutes.
 *
 * Detection takes at most `idle` + `patience` + one tick; with a command in flight `patience` + one tick.
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

  sent(now: number): void {
    if (this.waiting++ === 0) this.lastProgress = now;
  }

  /** An answer came. `allowance` is what the next one may additionally take, as a blocking read does. */
  answered(now: number): void {
    this.waiting--;
    this.lastProgress = now;
  }

  tick(now: number, blocking: number): 'fine' | 'ping' | 'dead' {
    const stalled = now - this.lastTick > 2 * this.tickEvery;
    this.lastTick = now;
    // This process stood still, so silence says nothing: the answers are waiting to be read.
    if (stalled && this.waiting > 0)
      this.lastProgress = Math.max(this.lastProgress, now - this.tickEvery);
    const silence = now - this.lastProgress;
    if (this.waiting > 0) return silence > this.patience + blocking ? 'dead' : 'fine';
    return silence >= this.idle ? 'ping' : 'fine';
  }
}
