import type { Clock } from '../../clock.js';
import { microtask } from '../../microtask.js';
import type { OutgoingEntry } from './outgoing-entry.js';

/** Queued characters at which the queue is flushed before the turn ends, so that large payloads take turns. */
const EARLY_FLUSH = 65_536;
/** Characters that a batch has at most, unless a single entry has more. */
const MAX_BATCH_LENGTH = 1_048_576;
const MAX_BATCH_ENTRIES = 1000;

/** Milliseconds between two looks for what was abandoned, while nothing leaves. */
const SWEEP_EVERY = 1000;

export interface SendQueueHooks {
  /** Sends what is queued. */
  flush(): void;
  /** Whether nothing is on its way. Then nothing is gained by gathering the entries of a turn. */
  isIdle(): boolean;
  /** Whether a batch could leave now. */
  leaves(): boolean;
}

/** What one client wants to store in one shard, until a batch takes it. */
export class SendQueue {
  private entries: OutgoingEntry[] = [];
  /** Characters of the entries, about. */
  private size = 0;
  private scheduled = false;
  private sweeping = false;

  constructor(
    private readonly clock: Clock,
    private readonly hooks: SendQueueHooks,
  ) {}

  get length(): number {
    return this.entries.length;
  }

  push(entry: OutgoingEntry): void {
    this.entries.push(entry);
    this.size += entry.size;
    if (!this.sweeping && !this.hooks.leaves()) this.sweepLater();
    if (this.size >= EARLY_FLUSH) {
      this.hooks.flush();
    } else if (!this.scheduled) {
      this.scheduled = true;
      // A lone call leaves at once; under load a batch takes the calls of a whole turn.
      if (this.hooks.isIdle()) microtask(this.flushScheduled);
      else setImmediate(this.flushScheduled);
    }
  }

  /** Puts back, in front, what is to be sent again under another number. */
  putBack(entries: readonly OutgoingEntry[]): void {
    this.entries.unshift(...entries);
    for (const entry of entries) this.size += entry.size;
  }

  /** Takes the next batch: entries that were not abandoned, in order, within the bounds of a batch. */
  take(): OutgoingEntry[] {
    const batch: OutgoingEntry[] = [];
    let length = 0;
    let taken = 0;
    for (const entry of this.entries) {
      if (batch.length >= MAX_BATCH_ENTRIES) break;
      if (batch.length > 0 && length + entry.size > MAX_BATCH_LENGTH) break;
      taken++;
      this.size -= entry.size;
      if (entry.abandoned) continue;
      length += entry.size;
      batch.push(entry);
    }
    if (taken === this.entries.length) this.entries = [];
    else this.entries.splice(0, taken);
    return batch;
  }

  /** Calls end while nothing leaves, and what they hold must not stay until something does. */
  private sweepLater(): void {
    this.sweeping = true;
    this.clock.after(SWEEP_EVERY, () => {
      this.sweeping = false;
      if (this.hooks.leaves()) return;
      this.entries = this.entries.filter(({ abandoned }) => !abandoned);
      this.size = this.entries.reduce((sum, { size }) => sum + size, 0);
      if (this.entries.length > 0) this.sweepLater();
    });
  }

  private readonly flushScheduled = (): void => {
    this.scheduled = false;
    this.hooks.flush();
  };
}
