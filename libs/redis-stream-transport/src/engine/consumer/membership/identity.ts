import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Owner } from '../../../redis/group-broker.js';
import type { Clock } from '../../clock.js';

/** What Redis says when this process does not hold the lease: there is none, or it is revoked or another's. */
export type LeaseDoubt = 'missing' | 'fenced';

/**
 * The name of this process in one shard, and how long its lease certainly holds. A part that learns from Redis
 * that the lease does not hold calls `doubt`. A part that holds something in this name registers with
 * `whenReplaced`, and is told when the name is given up. Both are passed on only here.
 */
export class Identity {
  /** Incarnation of Redis as last seen. */
  incarnation = '';
  private current: Owner = newOwner();
  private connections = 0;
  /** Monotonic time at which the last confirmed renewal of the lease was sent. */
  private confirmedAt = Number.NEGATIVE_INFINITY;
  /** Monotonic time until which handlers may start. */
  private startsUntil = Number.NEGATIVE_INFINITY;
  private judge: (kind: LeaseDoubt) => void = () => undefined;
  private readonly holders: (() => void)[] = [];

  /** @param leaseTtl milliseconds */
  constructor(
    private readonly clock: Clock,
    private readonly leaseTtl: number,
  ) {}

  /** Name and token. The object stays the same until the name is replaced, so it can be compared. */
  get owner(): Owner {
    return this.current;
  }

  get consumer(): string {
    return this.current.consumer;
  }

  /**
   * Rises when a connection changes, when the lease was missing, and when the name is replaced. Entries of an
   * earlier generation are settled one by one, and Redis checks the owner of each.
   */
  get generation(): number {
    return this.connections;
  }

  /**
   * Whether handlers may start: the last confirmed renewal was sent less than a lease ago, and this process has not
   * lost all of its connections, so no other process can have revoked the lease (rule L9).
   */
  get mayStart(): boolean {
    return this.clock.now() < this.startsUntil;
  }

  /** Milliseconds since the last confirmed renewal was sent; Infinity without one. */
  get unconfirmed(): number {
    return this.clock.now() - this.confirmedAt;
  }

  /** Redis has confirmed the lease. @param sentAt monotonic time at which the renewal was sent */
  confirm(sentAt: number): void {
    this.confirmedAt = sentAt;
    this.startsUntil = sentAt + this.leaseTtl;
  }

  /**
   * All connections are gone: others may take over before the lease ends (rule L23), unless another renewal is
   * confirmed. @param ms for which handlers may start all the same
   */
  cutOff(ms: number): void {
    this.startsUntil = Math.min(this.startsUntil, this.clock.now() + ms);
  }

  /** The lease was given back or lost: no handler starts until one is confirmed. */
  invalidate(): void {
    this.confirmedAt = this.startsUntil = Number.NEGATIVE_INFINITY;
  }

  /** There is a new connection, or the lease was missing. */
  nextGeneration(): void {
    this.connections++;
  }

  /** Redis has answered that this process does not hold the lease. */
  doubt(kind: LeaseDoubt): void {
    this.judge(kind);
  }

  /** Registers what handles doubts; a later registration replaces it. */
  whenDoubted(judge: (kind: LeaseDoubt) => void): void {
    this.judge = judge;
  }

  /** Replaces the name by a new one. Other instances take over what was held under the old one. */
  replace(): void {
    this.invalidate();
    this.current = newOwner();
    this.nextGeneration();
    for (const told of this.holders) told();
  }

  /** Registers a callback for the replacement of the name; they are called in order of registration. */
  whenReplaced(told: () => void): void {
    this.holders.push(told);
  }
}

/** A new name, which was never used before: each name is used once only. */
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
