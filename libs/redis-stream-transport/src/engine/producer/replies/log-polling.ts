import type { Clock } from '../../clock.js';

/** Milliseconds between two reads of the log while no replies are pushed. */
const READ_EVERY = 150;

export interface LogPollingHooks {
  /** Whether calls wait for replies that are not pushed, although the log could be read. */
  isWanted(): boolean;
  /** Reads the log. Must not reject. */
  read(): Promise<unknown>;
}

/**
 * Reads the reply log from time to time while the subscription is away: a subscription that is cut again and again is
 * made anew after longer and longer pauses, and calls should not wait for it.
 */
export class LogPolling {
  private cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly hooks: LogPollingHooks,
  ) {}

  /** Reads within 150 ms, and again for as long as it is wanted. */
  later(): void {
    if (this.cancel !== undefined || !this.hooks.isWanted()) return;
    this.cancel = this.clock.after(READ_EVERY, () => {
      this.cancel = undefined;
      if (this.hooks.isWanted()) void this.hooks.read().then(() => this.later());
    });
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }
}
