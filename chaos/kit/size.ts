// How much of a scenario is played. A release plays all of it.

export type SizeName = 'pr' | 'nightly' | 'release';

const shares: Readonly<Record<SizeName, number>> = { pr: 0.1, nightly: 0.3, release: 1 };

export const sizes: readonly SizeName[] = Object.keys(shares) as SizeName[];

export class Size {
  readonly share: number;

  constructor(readonly name: SizeName) {
    this.share = shares[name];
  }

  /** Scales a number of calls or faults. */
  count(full: number, least = 1): number {
    return Math.max(least, Math.round(full * this.share));
  }

  /** Scales a duration; the result is never below `least`. */
  time(full: number, least = 0): number {
    return Math.max(least, full * this.share);
  }

  /** Scales a duration that must be longer than a lease; the result is two leases at least. */
  beyondLease(full: number, lease: number): number {
    return this.time(full, 2 * lease);
  }
}
