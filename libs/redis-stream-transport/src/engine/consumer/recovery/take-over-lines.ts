import { TOMBSTONE_LIFE } from '../../../redis/lua/fence.js';
import type { RateLimitedLogger } from '../../rate-limited-logger.js';

/** What was taken over from one consumer so far. */
interface Taken {
  entries: number;
  /** Milliseconds since it left by itself or another instance took it for dead; undefined: taken for dead here. */
  readonly gone: number | undefined;
  /** Milliseconds for which it was silent, at least, if it was taken for dead here; else 0. */
  readonly silent: number;
}

/** Writes log lines about take-overs: from which consumer, how many entries, and how long after its end. */
export class TakeOverLines {
  private readonly dead = new Map<string, Taken>();

  constructor(private readonly logger: RateLimitedLogger) {}

  /** A tombstone was found. @param left milliseconds that it will stand */
  gone(consumer: string, left: number): void {
    if (this.dead.has(consumer)) return;
    this.dead.set(consumer, { entries: 0, gone: Math.max(0, TOMBSTONE_LIFE - left), silent: 0 });
  }

  /** It was taken for dead here. @param silent milliseconds of silence, at least */
  struck(consumer: string, silent: number): void {
    this.dead.set(consumer, { entries: 0, gone: undefined, silent });
  }

  /** Entries were claimed from the consumer. */
  taken(consumer: string, entries: number): void {
    const taken = this.dead.get(consumer);
    if (taken === undefined) return;
    taken.entries += entries;
    const kind = `TAKE_OVER ${consumer}`;
    // Counted when the line is written: entries are claimed slot by slot.
    const line = (): string =>
      `took over ${counted(taken.entries)} from ${consumer}, ${after(taken)}`;
    if (taken.gone === undefined) this.logger.warn(kind, line);
    else this.logger.log(kind, line);
  }

  /** Forgets all other consumers. */
  keepOnly(consumers: readonly string[]): void {
    for (const name of this.dead.keys()) if (!consumers.includes(name)) this.dead.delete(name);
  }
}

function counted(entries: number): string {
  return entries === 1 ? '1 entry' : `${entries} entries`;
}

function after({ gone, silent }: Taken): string {
  return gone === undefined
    ? `taken for dead after ${seconds(silent)} s of silence or more`
    : `${seconds(gone)} s after it left or was taken for dead`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
