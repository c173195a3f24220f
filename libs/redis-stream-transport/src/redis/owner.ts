/** A consumer, and the token of its lease. */
export interface Owner {
  readonly consumer: string;
  readonly token: string;
}

/** The lease is gone, or belongs to another owner. */
export const LEASE_LOST = ['missing', 'fenced'] as const;
export type LeaseLost = (typeof LEASE_LOST)[number];

export const CHECKED = ['ok', 'lost', ...LEASE_LOST] as const;
/**
 * Outcome of an operation on one entry that checks its owner. `lost`: the entry belongs to another consumer.
 * `missing`: the lease is gone. `fenced`: the lease belongs to another owner. Unless it is `ok`, nothing changed.
 */
export type CheckedAnswer = (typeof CHECKED)[number];

/** A frame, and the log that it goes to. */
export interface Answer {
  readonly caller: string;
  readonly frame: string;
  /** What is written in its place when the log is full; undefined: the frame all the same, which is short. */
  readonly lost?: string;
  /** Life of the log, in milliseconds. */
  readonly ttlMs: number;
}
