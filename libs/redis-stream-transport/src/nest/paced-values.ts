import type { Observer } from 'rxjs';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import type { SendWindow } from '../engine/consumer/run/send-window.js';

const OVERFLOW = { way: 'error', buffer: 10_000 } as const;

/**
 * Values of an Observable on their way to a caller that asks for them: an Observable cannot wait, so what comes too
 * early waits here, in bounds. The end waits for the values before it.
 */
export class PacedValues implements Observer<unknown> {
  private early: unknown[] = [];
  private last: (() => void) | undefined;
  private stopped = false;

  /** @param overflowed no more may wait, and nothing may be left out */
  constructor(
    private readonly delivery: Delivery,
    private readonly window: SendWindow,
    private readonly to: Observer<unknown>,
    private readonly overflowed: () => void,
  ) {}

  next(value: unknown): void {
    if (this.stopped) return;
    if (this.early.length === 0 && this.window.isOpen) this.hand(value);
    else this.keep(value);
  }

  error(error: unknown): void {
    this.end(() => this.to.error(error));
  }

  complete(): void {
    this.end(() => this.to.complete());
  }

  /** Forgets what waits, and ignores what comes. */
  drop(): void {
    this.stopped = true;
    this.early = [];
  }

  private end(last: () => void): void {
    if (this.early.length === 0) last();
    else this.last = last;
  }

  private hand(value: unknown): void {
    this.window.give();
    this.to.next(value);
  }

  private keep(value: unknown): void {
    const { way, buffer } = this.delivery.pattern.spec.overflow ?? OVERFLOW;
    if (this.early.length >= buffer) {
      if (way === 'drop') return;
      if (way === 'error') {
        this.drop();
        this.overflowed();
        return;
      }
      this.early.shift();
    }
    this.early.push(value);
    if (this.early.length === 1) this.window.whenOpen(this.drain);
  }

  private readonly drain = (): void => {
    let handed = 0;
    while (handed < this.early.length && this.window.isOpen) this.hand(this.early[handed++]);
    this.early.splice(0, handed);
    if (this.stopped) return;
    if (this.early.length > 0) this.window.whenOpen(this.drain);
    else this.last?.();
  };
}
