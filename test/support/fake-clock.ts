import type { Clock } from '../../libs/redis-stream-transport/src/engine/clock.js';

/** Time that passes when a test says so. */
export class FakeClock implements Clock {
  private time = 1000;
  private tasks: { at: number; task: () => void }[] = [];
  chance = 0.5;

  now(): number {
    return this.time;
  }

  after(ms: number, task: () => void): () => void {
    const entry = { at: this.time + ms, task };
    this.tasks.push(entry);
    return () => {
      this.tasks = this.tasks.filter((other) => other !== entry);
    };
  }

  random(): number {
    return this.chance;
  }

  /** Timers that are set. */
  get timers(): number {
    return this.tasks.length;
  }

  /** Lets time pass; what falls due runs in order, at its time. */
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = this.tasks.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.tasks = this.tasks.filter((other) => other !== due);
      this.time = Math.max(this.time, due.at);
      due.task();
    }
    this.time = end;
  }

  /** The process stood still: time has passed, and nothing ran meanwhile. */
  jump(ms: number): void {
    this.time += ms;
  }
}
