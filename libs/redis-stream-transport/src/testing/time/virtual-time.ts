import { AsyncResource } from 'node:async_hooks';
import type { BrokerTime } from './broker-time.js';

interface Timer {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** Of timers that are due at the same time, the one that was set first runs first. */
  readonly order: number;
  readonly task: () => void;
}

/** Time that passes when a test says so. Chance comes from a seed, so what happens is the same in each run. */
export class VirtualTime implements BrokerTime {
  readonly isReal = false;
  private passed = 0;
  private timers: Timer[] = [];
  private orders = 0;
  private state: number;

  /**
   * @param begin milliseconds since 1970
   * @param seed a whole number
   */
  constructor(
    private readonly begin: number,
    seed: number,
  ) {
    this.state = seed >>> 0;
  }

  get today(): number {
    return this.begin + this.passed;
  }

  now(): number {
    return this.passed;
  }

  /** What is due at once needs no time to pass. Each task keeps its asynchronous context, as with `setTimeout`. */
  after(ms: number, task: () => void): () => void {
    if (!(ms > 0)) {
      const soon = setImmediate(task);
      return () => clearImmediate(soon);
    }
    const timer = { at: this.passed + ms, order: this.orders++, task: AsyncResource.bind(task) };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Mulberry32. */
  random(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** Goes to the next timer that is due by `end` and runs it. False: there is none, and it is `end` now. */
  step(end: number): boolean {
    let next: Timer | undefined;
    for (const timer of this.timers) {
      if (timer.at > end) continue;
      if (
        next === undefined ||
        timer.at < next.at ||
        (timer.at === next.at && timer.order < next.order)
      )
        next = timer;
    }
    if (next === undefined) {
      this.passed = Math.max(this.passed, end);
      return false;
    }
    this.timers = this.timers.filter((other) => other !== next);
    this.passed = Math.max(this.passed, next.at);
    next.task();
    return true;
  }
}
