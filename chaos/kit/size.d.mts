export const sizes: readonly string[];
export class Size {
  constructor(name: 'pr' | 'nightly' | 'release');
  readonly name: string;
  readonly share: number;
  /** Calls or faults. */
  count(full: number, least?: number): number;
  /** A duration, never below `least`. */
  time(full: number, least?: number): number;
  /** A duration that only means something when it is longer than a lease. */
  beyondLease(full: number, lease: number): number;
}
