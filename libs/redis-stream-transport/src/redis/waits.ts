import { deadline } from './pauses.js';

/** The waits of one task, one at a time. Each can be ended early. */
export class Waits {
  /** Ends the wait of the moment; does nothing when there is none. */
  wake: () => void = noop;

  /** @param timeout milliseconds that a step may take */
  constructor(
    private readonly timeout: number,
    private readonly isStopped: () => boolean,
  ) {}

  /** Waits for a step: for a limited time, until the task is woken or stopped, or until `gone` rejects. */
  async within<T>(
    step: Promise<T>,
    gone?: Promise<never>,
    timeout = this.timeout,
    late = 'Redis did not answer in time',
  ): Promise<T> {
    const limit = deadline(timeout, late);
    const aborted = new Promise<never>(
      (_, reject) => (this.wake = () => reject(new Error('stopped'))),
    );
    for (const loser of [step, aborted]) loser.catch(noop);
    if (this.isStopped()) this.wake();
    try {
      const ends = [step, limit.promise, aborted];
      return await Promise.race(gone === undefined ? ends : [...ends, gone]);
    } finally {
      limit.cancel();
      this.wake = noop;
    }
  }

  /** Waits until `tell` is called, or the task is woken. */
  async until(subscribe: (tell: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      subscribe(resolve);
    });
    this.wake = noop;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function noop(): void {}
