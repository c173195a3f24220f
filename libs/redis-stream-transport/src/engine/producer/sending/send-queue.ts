import type { OutgoingEntry } from './outgoing-entry.js';

/** Queued characters at which a turn does not wait for its end: beyond, large payloads take turns. */
const EARLY_FLUSH = 65_536;
const MAX_BATCH_LENGTH = 1_048_576;
const MAX_BATCH_ITEMS = 1000;

/** What one process wants to store in one shard, until a batch takes it. */
export class SendQueue {
  private items: OutgoingEntry[] = [];
  private size = 0;
  private scheduled = false;

  constructor(
    private readonly flush: () => void,
    /** Nothing is on its way, so nothing is gained by gathering a turn. */
    private readonly isIdle: () => boolean,
  ) {}

  get length(): number {
    return this.items.length;
  }

  push(item: OutgoingEntry): void {
    this.items.push(item);
    this.size += item.size;
    if (this.size >= EARLY_FLUSH) {
      this.flush();
    } else if (!this.scheduled) {
      this.scheduled = true;
      // A lone call waits for nothing; under load a turn is gathered.
      if (this.isIdle()) queueMicrotask(this.flushScheduled);
      else setImmediate(this.flushScheduled);
    }
  }

  /** Puts back, in front, what has to go out under another number. */
  putBack(items: readonly OutgoingEntry[]): void {
    this.items.unshift(...items);
    for (const item of items) this.size += item.size;
  }

  /** The next batch: what is still wanted, in order, within the bounds of a batch. */
  take(): OutgoingEntry[] {
    const batch: OutgoingEntry[] = [];
    let length = 0;
    let taken = 0;
    for (const item of this.items) {
      if (batch.length >= MAX_BATCH_ITEMS) break;
      if (batch.length > 0 && length + item.size > MAX_BATCH_LENGTH) break;
      taken++;
      this.size -= item.size;
      if (item.abandoned) continue;
      length += item.size;
      batch.push(item);
    }
    if (taken === this.items.length) this.items = [];
    else this.items.splice(0, taken);
    return batch;
  }

  private readonly flushScheduled = (): void => {
    this.scheduled = false;
    this.flush();
  };
}
