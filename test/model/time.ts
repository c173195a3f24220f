import type { Clock } from '../../libs/redis-stream-transport/src/engine/clock.js';
import type { Dice } from './dice.js';

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

/** The time that all processes share. It passes when the world says so. */
export class Timeline {
  now = 1000;
}

/** What one process knows of time. A process that is frozen or dead is not asked to look at its timers. */
export class ProcessClock implements Clock {
  private timers: Timer[] = [];

  constructor(
    private readonly timeline: Timeline,
    private readonly dice: Dice,
  ) {}

  now(): number {
    return this.timeline.now;
  }

  after(ms: number, task: () => void): () => void {
    const timer = { at: this.now() + Math.max(0, ms), task };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  random(): number {
    return this.dice.next();
  }

  /** Milliseconds until the next timer is due; undefined without one. */
  get wait(): number | undefined {
    if (this.timers.length === 0) return undefined;
    return Math.max(0, Math.min(...this.timers.map(({ at }) => at)) - this.now());
  }

  /** Runs what is due, in order; what that starts anew waits for the next turn. */
  fire(): void {
    const due = this.timers.filter(({ at }) => at <= this.now()).sort((a, b) => a.at - b.at);
    for (const timer of due) {
      if (!this.timers.includes(timer)) continue;
      this.timers = this.timers.filter((other) => other !== timer);
      timer.task();
    }
  }
}
