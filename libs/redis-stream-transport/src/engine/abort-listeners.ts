import { outside } from './outside.js';

/** The callbacks of each signal, newest first. A `Set` would keep what was removed from it (decision 0020). */
const listeners = new WeakMap<AbortSignal, AbortListeners>();

/**
 * Calls `tell` when a signal fires, outside of the asynchronous context that fires it. A signal gets one listener,
 * however many calls it ends: with eleven listeners Node would warn of a leak.
 */
export function onAbort(signal: AbortSignal, tell: () => void): AbortListener {
  let all = listeners.get(signal);
  if (all === undefined) listeners.set(signal, (all = new AbortListeners(signal)));
  return all.add(tell);
}

/** One callback of a signal, until it is released. */
export class AbortListener {
  previous: AbortListener | undefined;
  next: AbortListener | undefined;

  constructor(
    private readonly all: AbortListeners,
    readonly tell: () => void,
  ) {}

  /** Idempotent. */
  release(): void {
    this.all.remove(this);
  }
}

class AbortListeners {
  private first: AbortListener | undefined;

  constructor(private readonly signal: AbortSignal) {}

  add(tell: () => void): AbortListener {
    const listener = new AbortListener(this, tell);
    if (this.first === undefined) this.signal.addEventListener('abort', this.fired);
    else this.first.previous = listener;
    listener.next = this.first;
    this.first = listener;
    return listener;
  }

  remove(listener: AbortListener): void {
    const { previous, next } = listener;
    if (previous === undefined && this.first !== listener) return;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next !== undefined) next.previous = previous;
    listener.previous = listener.next = undefined;
    if (this.first === undefined) this.signal.removeEventListener('abort', this.fired);
  }

  private readonly fired = (): void => {
    for (let next = this.first; next !== undefined; next = this.first) {
      this.remove(next);
      outside(next.tell);
    }
  };
}
