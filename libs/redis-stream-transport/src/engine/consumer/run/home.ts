/** A stream that deliveries come from, and that keeps them until they have ended. */
export interface Home<Delivery> {
  readonly name: string;
  /** The stream that its entries are for: the pattern's own, where this one is of a class of importance. */
  readonly own: string;
  /** How soon its entries start: those of a lower one first. */
  readonly rank: number;
  /** Events up to this id are older than the group and not for it. */
  readonly since: string | undefined;
  /** Keeps a delivery until it has ended. */
  hold(delivery: Delivery): void;
  /** Whether this delivery is kept, and not another one of the same entry. */
  holds(delivery: Delivery): boolean;
  /** Whether any delivery of the entry is kept. */
  has(entry: string): boolean;
  /** The delivery has ended. */
  release(delivery: Delivery): void;
  /** Redis refused to note a start of an entry that may be started once only. */
  startRefused(): void;
}
