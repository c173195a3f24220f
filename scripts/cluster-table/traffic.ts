// 200 calls a second over all patterns, and what became of each.
import { call, type Where } from './place.js';
import type { ClientRedisStreams } from 'nestjs-redis-streams';

/** Milliseconds between two calls. */
const EVERY = 5;

export interface Made {
  readonly pattern: string;
  /**
   * When it was due, on the clock of all processes. A process that is busy makes it later: that counts too, as it would
   * for a request that comes from outside.
   */
  readonly due: number;
  end?: number;
  error?: string;
}

/** Milliseconds, the same for all processes of the machine. */
export const now = (): number => performance.timeOrigin + performance.now();

export class Traffic {
  readonly made: Made[] = [];
  private readonly open: Promise<void>[] = [];
  private readonly timer: NodeJS.Timeout;

  /** Begins at once. */
  constructor(
    private readonly client: ClientRedisStreams,
    private readonly patterns: Where['patterns'],
  ) {
    const began = now();
    this.timer = setInterval(() => {
      for (;;) {
        const due = began + this.made.length * EVERY;
        if (due > now()) break;
        this.one(due);
      }
    }, 1);
  }

  get answered(): number {
    return this.made.filter(({ end, error }) => end !== undefined && error === undefined).length;
  }

  /** Ends when every call has. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.open);
  }

  private one(due: number): void {
    const n = this.made.length;
    const pattern = this.patterns[n % this.patterns.length] as string;
    const made: Made = { pattern, due };
    this.made.push(made);
    this.open.push(
      call(this.client, pattern, n).then(
        () => void (made.end = now()),
        (error: unknown) => void Object.assign(made, { end: now(), error: String(error) }),
      ),
    );
  }
}

/** The 99th percentile of how long calls took, in milliseconds. */
export function p99(calls: readonly Made[]): number {
  const took = calls.map(({ due, end = Infinity }) => end - due).toSorted((a, b) => a - b);
  return took[Math.floor(took.length * 0.99)] ?? NaN;
}
