/** Who settles: a consumer and the token of its lease. */
export interface Owner {
  readonly consumer: string;
  readonly token: string;
}

export const CHECKED = ['ok', 'lost', 'missing', 'fenced'] as const;
/**
 * Outcome of an operation on one entry, checked against its owner: `lost`: the entry is somebody else's;
 * `missing`: the lease is gone; `fenced`: it is another's. Unless it is `ok`, nothing changed.
 */
export type CheckedAnswer = (typeof CHECKED)[number];

/** One reply with the log it goes to. */
export interface Answer {
  readonly caller: string;
  readonly frame: string;
  /** Life of the log. */
  readonly ttlMs: number;
}
