import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Owner } from '../../../redis/group-broker.js';
import type { Clock } from '../../clock.js';

/** What Redis says when the lease is not this process' any more: it has none, or another's. */
export type LeaseDoubt = 'missing' | 'fenced';

/**
 * Who this process is in one shard, and how long that certainly holds. A part that asks Redis in this name and
 * hears otherwise says so here, with `doubt`. A part that holds something in this name is told here when the
 * name is given up, with `whenReplaced`. Nobody else passes either on.
 */
export class Identity {
  /** Memory of Redis as last seen. */
  incarnation = '';
  private current: Owner = newOwner();
  private connections = 0;
  /** Monotonic time at which the last confirmed renewal of the lease was sent. */
  private confirmedAt = Number.NEGATIVE_INFINITY;
  private judge: (kind: LeaseDoubt) => void = () => undefined;
  private readonly holders: (() => void)[] = [];

  /** @param leaseTtl milliseconds */
  constructor(
    private readonly clock: Clock,
    private readonly leaseTtl: number,
  ) {}

  /** Name and token; another object after the lease was revoked, and the same one until then. */
  get owner(): Owner {
    return this.current;
  }

  get consumer(): string {
    return this.current.consumer;
  }

  /**
   * Rises with each new connection and with each doubt about the lease. What was read in an earlier generation
   * is settled entry by entry, and Redis is asked who owns each.
   */
  get generation(): number {
    return this.connections;
  }

  /**
   * Handlers may start: the last confirmed renewal was sent less than a lease ago, so no other process can
   * have revoked it (rule L9).
   */
  get mayStart(): boolean {
    return this.unconfirmed < this.leaseTtl;
  }

  /** Milliseconds since the last confirmed renewal was sent; Infinity without one. */
  get unconfirmed(): number {
    return this.clock.now() - this.confirmedAt;
  }

  /** Redis has confirmed the lease. @param sentAt monotonic time at which it was asked */
  confirm(sentAt: number): void {
    this.confirmedAt = sentAt;
  }

  /** The lease was given back, or is somebody else's: nothing starts until another one is confirmed. */
  invalidate(): void {
    this.confirmedAt = Number.NEGATIVE_INFINITY;
  }

  /** There is a new connection, or the lease was gone for a while. */
  nextGeneration(): void {
    this.connections++;
  }

  /** Redis was asked in this name, and the lease is missing or another's. */
  doubt(kind: LeaseDoubt): void {
    this.judge(kind);
  }

  /** Who looks into doubts; there is one. */
  whenDoubted(judge: (kind: LeaseDoubt) => void): void {
    this.judge = judge;
  }

  /** Gives the name up and takes another: a name is used once. All that was held under it is somebody else's. */
  replace(): void {
    this.invalidate();
    this.current = newOwner();
    this.nextGeneration();
    for (const told of this.holders) told();
  }

  /** Who holds something in this name, told in the order in which they came. */
  whenReplaced(told: () => void): void {
    this.holders.push(told);
  }
}

/** A consumer name is used once: never again, not by this process either. */
function newOwner(): Owner {
  const host =
    hostname()
      .replace(/[^A-Za-z0-9_.-]/g, '')
      .slice(0, 40) || 'host';
  return {
    consumer: `${host}-${process.pid}-${randomBytes(9).toString('base64url')}`,
    token: randomBytes(16).toString('base64url'),
  };
}
