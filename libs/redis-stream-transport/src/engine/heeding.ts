import { outside } from './outside.js';

/** The callbacks of each signal, newest first. A `Set` would keep what was removed from it (decision 0020). */
const heeders = new WeakMap<AbortSignal, Heeders>();

/**
 * Calls `tell` when a signal fires, outside of the asynchronous context that fires it. A signal gets one listener,
 * however many calls it ends: with eleven listeners Node would warn of a leak.
 */
export function heed(signal: AbortSignal, tell: () => void): Heeding {
  let all = heeders.get(signal);
  if (all === undefined) heeders.set(signal, (all = new Heeders(signal)));
  return all.add(tell);
}

/** One callback of a signal, until it is released. */
export class Heeding {
  before: Heeding | undefined;
  behind: Heeding | undefined;

  constructor(
    private readonly all: Heeders,
    readonly tell: () => void,
  ) {}

  /** Idempotent. */
  release(): void {
    this.all.remove(this);
  }
}

class Heeders {
  private first: Heeding | undefined;

  constructor(private readonly signal: AbortSignal) {}

  add(tell: () => void): Heeding {
    const heeding = new Heeding(this, tell);
    if (this.first === undefined) this.signal.addEventListener('abort', this.fired);
    else this.first.before = heeding;
    heeding.behind = this.first;
    this.first = heeding;
    return heeding;
  }

  remove(heeding: Heeding): void {
    const { before, behind } = heeding;
    if (before === undefined && this.first !== heeding) return;
    if (before === undefined) this.first = behind;
    else before.behind = behind;
    if (behind !== undefined) behind.before = before;
    heeding.before = heeding.behind = undefined;
    if (this.first === undefined) this.signal.removeEventListener('abort', this.fired);
  }

  private readonly fired = (): void => {
    for (let next = this.first; next !== undefined; next = this.first) {
      this.remove(next);
      outside(next.tell);
    }
  };
}
