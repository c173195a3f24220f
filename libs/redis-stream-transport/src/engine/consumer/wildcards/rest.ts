import type { Clock } from '../../clock.js';

/** A wait that may end early. */
export class Rest {
  private ends: () => void = () => undefined;

  constructor(private readonly clock: Clock) {}

  for(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(ms, resolve);
      this.ends = () => {
        cancel();
        resolve();
      };
    });
  }

  end(): void {
    this.ends();
  }
}
