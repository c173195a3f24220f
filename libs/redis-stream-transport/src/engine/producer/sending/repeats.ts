import { backoff } from '../../../redis/pauses.js';
import type { Clock } from '../../clock.js';

/** Longest pause before a repeat, in milliseconds. */
const MAX_PAUSE = 1000;

export interface RepeatsHooks {
  /** A copy is on its way and was not answered. */
  isAwaiting(): boolean;
  /** Makes Redis ready for the repeat; rejects while Redis cannot be reached. */
  prepare(): Promise<void>;
  /** Repeats what is unresolved. */
  repeat(): void;
}

/**
 * When batches are repeated that Redis answered with an error: after every copy on its way is answered, and after a
 * pause that grows with each repeat until a batch is resolved. Nothing new may leave before (rule L4).
 */
export class Repeats {
  private wanted = false;
  /** Repeats since a batch was resolved. */
  private tries = 0;
  private cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly hooks: RepeatsHooks,
  ) {}

  /** Nothing new may leave until what is unresolved was repeated. */
  get areDue(): boolean {
    return this.wanted;
  }

  want(): void {
    this.wanted = true;
  }

  /** An answer came, or an attempt failed: begins the pause, if nothing else is awaited. */
  goOn(): void {
    if (!this.wanted || this.cancel !== undefined || this.hooks.isAwaiting()) return;
    this.tries++;
    // The first repeat is not delayed: in most cases Redis had forgotten the script, and nothing else was wrong.
    const pause = this.tries === 1 ? 0 : backoff(this.tries, MAX_PAUSE, this.clock.random());
    this.cancel = this.clock.after(pause, () => {
      this.cancel = undefined;
      void this.hooks.prepare().then(
        () => this.hooks.repeat(),
        () => this.goOn(),
      );
    });
  }

  /** The next repeat is not delayed. */
  reset(): void {
    this.tries = 0;
  }

  /** What was wanted is repeated now, or cannot be repeated. */
  stop(): void {
    this.wanted = false;
    this.cancel?.();
    this.cancel = undefined;
  }
}
