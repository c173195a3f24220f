import { compare } from './entry-ids.js';

/** An entry that a consumer was given and that nobody has acknowledged. */
export interface Pending {
  readonly id: string;
  consumer: string;
  /** How often it was handed out. */
  deliveries: number;
}

/** A range of pending entries, both ends included. */
export interface PendingRange {
  /** An id, `(id` for the one after it, or `-`. */
  readonly from: string;
  readonly count: number;
  /** Only what is pending under it. */
  readonly consumer?: string;
}

/** A group of a stream: how far it has read, and what is pending in it. */
export class Group {
  readonly pending = new Map<string, Pending>();
  private readonly names = new Set<string>();

  /** @param last the last id that it was given */
  constructor(
    readonly name: string,
    public last: string,
  ) {}

  /** Consumers that are listed, by name. */
  get consumers(): string[] {
    return [...this.names].toSorted();
  }

  list(consumer: string): void {
    this.names.add(consumer);
  }

  /** Takes a consumer off, and all that is pending under it. */
  unlist(consumer: string): void {
    this.names.delete(consumer);
    for (const { id, consumer: owner } of this.pending.values()) {
      if (owner === consumer) this.pending.delete(id);
    }
  }

  hand(id: string, consumer: string, deliveries = 1): void {
    this.list(consumer);
    this.pending.set(id, { id, consumer, deliveries });
  }

  /** Under whom the entry is pending; undefined: under nobody. */
  ownerOf(id: string): string | undefined {
    return this.pending.get(id)?.consumer;
  }

  acknowledge(id: string): boolean {
    return this.pending.delete(id);
  }

  /** The lowest id that is pending. */
  get lowest(): string | undefined {
    let low: string | undefined;
    for (const id of this.pending.keys()) if (low === undefined || compare(id, low) < 0) low = id;
    return low;
  }

  /** In the order of their ids. */
  range({ from, count, consumer }: PendingRange): Pending[] {
    const start = from.replace('(', '');
    const isAfter = from.startsWith('(');
    const fits = ({ id, consumer: owner }: Pending): boolean => {
      if (consumer !== undefined && owner !== consumer) return false;
      if (from === '-') return true;
      const order = compare(id, start);
      return isAfter ? order > 0 : order >= 0;
    };
    return [...this.pending.values()]
      .filter(fits)
      .toSorted((one, other) => compare(one.id, other.id))
      .slice(0, count);
  }
}
