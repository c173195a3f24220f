/** Who settles: a consumer and the token of its lease. */
export interface Owner {
  readonly consumer: string;
  readonly token: string;
}

export interface Settlement {
  /** One frame per caller; `life` in milliseconds; `force`: append although the log is full. */
  readonly logs: readonly { caller: string; frame: string; ttlMs: number; force: boolean }[];
  /** Entries to acknowledge only (`keep`) and to acknowledge and delete (`drop`), per stream. */
  readonly streams: readonly { stream: string; keep: readonly string[]; drop: readonly string[] }[];
}

export type SettleAnswer =
  | { readonly kind: 'ok' | 'full'; readonly logs: readonly number[] }
  | { readonly kind: 'missing' | 'fenced' };

export const CHECKED = ['ok', 'lost', 'missing', 'fenced'] as const;
/** Outcome of an operation on one entry, checked against its owner. */
export type CheckedAnswer = (typeof CHECKED)[number];

/** One reply with the log it goes to; undefined where there is no caller. */
export interface Answer {
  readonly caller: string;
  readonly frame: string;
  readonly ttlMs: number;
}

/** What is stored under an idempotency key when its entry is settled. */
export interface KeyedResult {
  readonly pattern: string;
  readonly key: string;
  /** Undefined: nothing worth storing; the next one with the key runs. */
  readonly result: string | undefined;
}

/** An entry on its way to the dead letters of its group. */
export interface DeadEntry {
  readonly stream: string;
  readonly id: string;
  /** Nobody else needs the entry. */
  readonly drop: boolean;
  readonly answer: Answer | undefined;
  /** The key under which it may have run. */
  readonly key: { readonly pattern: string; readonly key: string } | undefined;
  /** Dead letters that are kept. */
  readonly kept: number;
  /** Fields of the letter. */
  readonly fields: readonly string[];
}

/** A request that an instance has no handler for. */
export interface UnhandledEntry {
  readonly stream: string;
  readonly id: string;
  readonly pattern: string;
  /** Milliseconds of Redis' clock; Infinity without one. */
  readonly deadline: number;
  /** It may be handed to another member of the group. */
  readonly mayHand: boolean;
}

/** What is to be claimed of a dead consumer. */
export interface Claim {
  /** Entries at most. */
  readonly count: number;
  /** Deliveries of an entry. */
  readonly permitted: number;
  /** One on its last permitted delivery, if nothing else is left. */
  readonly suspects: boolean;
  /** Only calls that were made inside handlers, from this id on (`-`, `(1-0`); empty: whatever is there. */
  readonly nestedFrom?: string;
}

/** There is none up to this id, and there may be more behind it. */
export interface NothingYet {
  readonly searchedTo: string;
  /** Beside some on their last permitted delivery. */
  readonly suspects: boolean;
}
