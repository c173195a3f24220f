// How much of a scenario is run. A release runs all of it.

const shares = { pr: 0.1, nightly: 0.3, release: 1 };

export const sizes = Object.keys(shares);

export class Size {
  /** @param {'pr' | 'nightly' | 'release'} name */
  constructor(name) {
    this.name = name;
    this.share = shares[name];
  }

  /** Calls or faults. */
  count(full, least = 1) {
    return Math.max(least, Math.round(full * this.share));
  }

  /** A duration, never below `least`. */
  time(full, least = 0) {
    return Math.max(least, full * this.share);
  }

  /** A duration that only means something when it is longer than a lease: twice a lease at least. */
  beyondLease(full, lease) {
    return this.time(full, 2 * lease);
  }
}
