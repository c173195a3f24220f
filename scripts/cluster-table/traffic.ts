// 200 calls a second over all patterns, and what became of each.
import { pause } from '../../tools/wait.js';
import { call, PATTERNS, type Place } from './place.js';

/** Milliseconds between two calls. */
const EVERY = 5;

export interface Made {
  readonly pattern: string;
  /** Monotonic milliseconds. */
  readonly start: number;
  end?: number;
  error?: Error;
}

export class Traffic {
  readonly made: Made[] = [];
  private readonly open: Promise<void>[] = [];
  private readonly timer: NodeJS.Timeout;

  private constructor(send: (pattern: string, n: number) => Promise<unknown>) {
    const began = performance.now();
    this.timer = setInterval(() => {
      // A timer that was late is made up for: a call is due whether or not this process was busy.
      while (this.made.length * EVERY < performance.now() - began) this.one(send);
    }, EVERY);
  }

  static async start(place: Place): Promise<Traffic> {
    for (let i = 0; i < 2; i++) await place.serve();
    const client = await place.client();
    const traffic = new Traffic((pattern, n) => call(client, pattern, n));
    await pause(3000);
    return traffic;
  }

  get answered(): number {
    return this.made.filter(({ end, error }) => end !== undefined && error === undefined).length;
  }

  /** Ends when every call has. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.open);
  }

  private one(send: (pattern: string, n: number) => Promise<unknown>): void {
    const n = this.made.length;
    const pattern = PATTERNS[n % PATTERNS.length] as string;
    const made: Made = { pattern, start: performance.now() };
    this.made.push(made);
    this.open.push(
      send(pattern, n).then(
        () => void (made.end = performance.now()),
        (error: unknown) => void Object.assign(made, { end: performance.now(), error }),
      ),
    );
  }
}

/** The 99th percentile of how long calls took, in milliseconds. */
export function p99(calls: readonly Made[]): number {
  const took = calls.map(({ start, end = Infinity }) => end - start).toSorted((a, b) => a - b);
  return took[Math.floor(took.length * 0.99)] ?? NaN;
}
