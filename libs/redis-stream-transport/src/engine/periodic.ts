import type { Clock } from './clock.js';

export interface PeriodicHooks {
  /** Milliseconds until the next run; undefined: none is due. Asked when a run has ended, and by `again`. */
  wait(): number | undefined;
  /** Must not reject. */
  run(): Promise<unknown>;
}

/** Runs a task from time to time, each run a while after the one before has ended. */
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

  /** Begins no further run. One that has begun ends by itself. */
  stop(): void {
    this.started = false;
    this.cancel();
  }

  /** Asks anew when the next run is due. */
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
