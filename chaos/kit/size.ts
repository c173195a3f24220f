// How much of a scenario is run. A release runs all of it.

export type SizeName = 'pr' | 'nightly' | 'release';

const shares: Readonly<Record<SizeName, number>> = { pr: 0.1, nightly: 0.3, release: 1 };

export const sizes: readonly SizeName[] = Object.keys(shares) as SizeName[];

export class Size {
  readonly share: number;

  constructor(readonly name: SizeName) {
    this.share = shares[name];
  }

  /** Calls or faults. */
  count(full: number, least = 1): number {
    return Math.max(least, Math.round(full * this.share));
  }

  /** A duration, never below `least`. */
  time(full: number, least = 0): number {
    return Math.max(least, full * this.share);
  }

  /** A duration that only means something when it is longer than a lease: twice a lease at least. */
  beyondLease(full: number, lease: number): number {
    return this.time(full, 2 * lease);
  }
}
