import { Worker } from 'node:worker_threads';
import type { ThreadRoom } from '../nest/thread-room.js';
import { Computation, type ComputationParts, type Target } from './computation.js';
import { loadPool, type Pool } from './piscina.js';
import { ThreadError } from './thread-error.js';
import { thrownText } from '../thrown.js';

const BYTES_OF_MIB = 1_048_576;

/** The file that threads load: beside this one, and compiled if this one is. */
const THREAD = import.meta.url.replace(/threads(\.\w+)$/, 'thread$1');

const all = new WeakMap<ThreadRoom, Threads>();

/** The threads of a server: made for the first computation, ended with the server. */
export function threadsOf(room: ThreadRoom): Threads {
  let threads = all.get(room);
  if (threads === undefined) all.set(room, (threads = new Threads(room)));
  return threads;
}

/**
 * Computations that run, and those that wait for a thread. They wait here and not in the pool: there they would wait for
 * ever when the last thread ends, and patterns have bounds of their own.
 */
export class Threads {
  private readonly waiting: Computation[] = [];
  private readonly running = new Set<Computation>();
  private pool: Pool | undefined;
  private isClosed = false;
  /** Why the last thread ended that had nothing to do. */
  private failure: unknown;

  constructor(private readonly room: ThreadRoom) {
    room.whenClosed(() => this.close());
  }

  run(target: Target, parts: ComputationParts): Promise<unknown> {
    const { queue } = this.room.options;
    if (this.isClosed) throw new ThreadError('CLOSED', 'the server has closed its threads');
    this.pool ??= this.makePool();
    const computation = new Computation(target, parts, this.room, {
      ended: (one) => this.ended(one),
    });
    if (!this.hasThread(computation) && this.waiting.length >= queue) {
      const told = `${queue} computations wait for a thread already ("threads.queue")`;
      throw new ThreadError('OVERLOADED', told, { pattern: computation.pattern });
    }
    this.waiting.push(computation);
    computation.followSignal();
    this.next();
    return computation.result;
  }

  private hasThread({ pattern, most }: Computation): boolean {
    if (this.running.size >= this.room.size) return false;
    let same = 0;
    for (const one of this.running) if (one.pattern === pattern) same++;
    return same < most;
  }

  private next(): void {
    for (let i = 0; i < this.waiting.length && this.running.size < this.room.size;) {
      const computation = this.waiting[i] as Computation;
      if (!this.hasThread(computation)) {
        i++;
        continue;
      }
      this.waiting.splice(i, 1);
      this.running.add(computation);
      computation.start(this.pool as Pool);
    }
  }

  private ended(computation: Computation): void {
    if (!this.running.delete(computation)) {
      const at = this.waiting.indexOf(computation);
      if (at !== -1) this.waiting.splice(at, 1);
    }
    if (!this.isClosed) this.next();
  }

  private makePool(): Pool {
    const { options, size } = this.room;
    const PoolClass = loadPool();
    if (options.execArgv !== undefined) checkArguments(options.execArgv);
    const pool = new PoolClass({
      filename: THREAD,
      minThreads: 0,
      maxThreads: size,
      idleTimeout: options.idleTimeout,
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: Math.floor(options.memory / BYTES_OF_MIB) },
      ...(options.execArgv !== undefined && { execArgv: options.execArgv }),
    });
    // A thread that ends by itself while it has nothing to do harms nobody; without a listener it would end the process.
    pool.on('error', (error) => (this.failure = error));
    pool.on('workerDestroy', () => setImmediate(() => this.giveUp(pool)));
    return pool;
  }

  /** A thread that ended before it had begun anything is not replaced by the pool: what it was made for has none. */
  private giveUp(pool: Pool): void {
    const { failure } = this;
    // It is of the threads that have ended until now, and not of later ones.
    this.failure = undefined;
    let lacking = this.running.size - pool.threads.length;
    for (const computation of this.running) {
      if (lacking <= 0) return;
      if (computation.hasBegun) continue;
      computation.lose(failure ?? new Error('it ended before it could begin'));
      lacking--;
    }
  }

  /** What still runs is ended: `drainTimeout` is over. */
  private async close(): Promise<void> {
    this.isClosed = true;
    for (const one of [...this.waiting, ...this.running]) one.close();
    await this.pool?.destroy();
  }
}

/**
 * The pool would throw what it then cannot take back.
 * @throws ThreadError INVALID_OPTION
 */
function checkArguments(execArgv: readonly string[]): void {
  try {
    const worker = new Worker('', { eval: true, execArgv: [...execArgv] });
    worker.on('error', () => undefined);
    void worker.terminate();
  } catch (cause) {
    const told = `option "threads.execArgv" is refused by node: ${thrownText(cause)}`;
    throw new ThreadError('INVALID_OPTION', told, { cause });
  }
}
