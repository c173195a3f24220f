import { microtask } from '../../microtask.js';

/**
 * Says when what has ended leaves for Redis, so that what ends together travels together. Handlers that wait for nothing end in
 * the microtasks of the turn in which they began, so what ends there leaves after them. Others end one by one, with microtasks in
 * between, as timers of one millisecond do: what they leave waits for the end of the turn.
 */
export class Moments {
  private isDue = false;
  /** A handler has begun in this turn of the event loop. */
  private isFresh = false;

  constructor(private readonly leave: () => void) {}

  /** A handler begins. */
  began(): void {
    if (this.isFresh) return;
    this.isFresh = true;
    setImmediate(this.turnOver);
  }

  /** Something waits to leave. @param mayHurry nothing is gained by waiting for the end of the turn */
  ask(mayHurry: boolean): void {
    if (this.isDue) return;
    this.isDue = true;
    if (mayHurry && this.isFresh) microtask(this.due);
    else setImmediate(this.due);
  }

  private readonly turnOver = (): void => {
    this.isFresh = false;
  };

  private readonly due = (): void => {
    this.isDue = false;
    this.leave();
  };
}
