import type { Clock } from './clock.js';

export interface PeriodicHooks {
  /** Milliseconds until the next run; undefined: none is due. Called after each run, and by `again`. */
  wait(): number | undefined;
  /** Must not reject. */
  run(): Promise<unknown>;
}

/** Runs a task from time to time. The wait begins when a run has ended. */
export class Periodic {
  private cancelTimer: (() => void) | undefined;
  private started = false;

  constructor(
    private readonly clock: Clock,
    private readonly hooks: PeriodicHooks,
  ) {}

  get isStopped(): boolean {
    return !this.started;
  }

  start(): void {
    this.started = true;
    this.again();
  }

  /** Begins no further run. Does not wait for a run on its way. */
  stop(): void {
    this.started = false;
    this.cancel();
  }

  /** Asks again when the next run is due. */
  again(): void {
    this.cancel();
    const ms = this.started ? this.hooks.wait() : undefined;
    if (ms === undefined) return;
    this.cancelTimer = this.clock.after(ms, () => {
      this.cancelTimer = undefined;
      void this.hooks.run().then(() => this.again());
    });
  }

  private cancel(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }
}
