import type { Socket } from 'node:net';
import { setTimeout as later } from 'node:timers';

/** Writes bytes into a socket at once or later, always in the order in which they came. */
export class LateBytes {
  /** When the last delayed chunk is due, in milliseconds since 1970. */
  private busyUntil = 0;
  /** Delayed chunks in order: `[chunk, when]`. */
  private readonly waiting: [chunk: Buffer, when: number][] = [];

  constructor(private readonly socket: Socket) {}

  /** Milliseconds until all delayed chunks are written. */
  get backlog(): number {
    return Math.max(0, this.busyUntil - Date.now());
  }

  /** Writes after this many milliseconds, and never before earlier chunks. */
  write(chunk: Buffer, after = 0): void {
    const at = Math.max(this.busyUntil, Date.now() + after);
    if (at <= Date.now() && this.waiting.length === 0) {
      this.now(chunk);
      return;
    }
    this.busyUntil = at;
    this.waiting.push([chunk, at]);
    if (this.waiting.length === 1) this.wait();
  }

  /** One timer for all chunks: separate timers that are due in the same millisecond would fire in any order. */
  private wait(): void {
    const [first] = this.waiting;
    if (first === undefined) return;
    later(() => {
      for (;;) {
        const [next] = this.waiting;
        if (next === undefined || next[1] > Date.now()) break;
        this.waiting.shift();
        this.now(next[0]);
      }
      this.wait();
    }, first[1] - Date.now());
  }

  private now(chunk: Buffer): void {
    if (!this.socket.destroyed) this.socket.write(chunk);
  }
}
