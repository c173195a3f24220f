import { availableParallelism } from 'node:os';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import type { ResolvedThreads } from '../options/index.js';

/** Where a context keeps the threads that its handler has. Another copy of this package may ask for them. */
export const THREADS = Symbol.for('nestjs-redis-streams.threads');

/** How many threads a server has at most. */
export const threadCount = ({ size }: ResolvedThreads): number =>
  size ?? Math.max(1, availableParallelism() - 1);

/**
 * What the threads of one server have of it. They themselves are the entry `./threads`, which makes them for the first
 * handler that computes; a server without such handlers has this object and no more.
 */
export class ThreadRoom {
  readonly size: number;
  private readonly ends: (() => Promise<void>)[] = [];

  constructor(
    readonly options: ResolvedThreads,
    private readonly logger: RateLimitedLogger,
  ) {
    this.size = threadCount(options);
  }

  /** What is to end with the server, after its handlers. */
  whenClosed(end: () => Promise<void>): void {
    this.ends.push(end);
  }

  lost(pattern: string, line: string): void {
    this.logger.warn(`THREAD_LOST ${pattern}`, line);
  }

  async close(): Promise<void> {
    await Promise.all(this.ends.splice(0).map((end) => end()));
  }
}

/** The threads that the handlers of one pattern may use. */
export interface ThreadShare {
  readonly room: ThreadRoom;
  /** How many at once. */
  readonly most: number;
}
