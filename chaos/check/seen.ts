// What the checker knows about a run: calls, executions, faults, processes, and what was left.
import type { Kind, Reason } from '../fleet/child.js';
import type { Facts } from '../fleet/faults.js';
import type { EffectsFound, KeyFound, LetterFound, StreamFound } from '../fleet/inspection.js';
import type { WholePlan } from '../fleet/plan.js';
import type { Vitals } from '../processes/witness.js';

/** A violation that a rule has found. */
export interface Violation {
  /** I1 to I11, or the name of an expectation of the scenario. */
  readonly rule: string;
  /** The call that it is about. */
  readonly id?: string | undefined;
  readonly text: string;
}

/** A violation of an expectation. The name of the expectation becomes its rule. */
export type Finding = Omit<Violation, 'rule'>;

export interface Execution {
  /** Id of the call. */
  readonly id: string;
  /** Number of the execution, counted by its process. */
  readonly n: number;
  /** The consumer that ran it. */
  readonly process: string;
  readonly consumer: string;
  /** Id in the stream of its pattern; calls of a pack have the same. */
  readonly entry?: string;
  readonly delivery: number;
  readonly pattern: string;
  readonly begin: number;
  /** NaN when it was interrupted: no comparison with NaN is true. */
  finish: number;
  /** Hash of the request as the handler saw it. */
  readonly q: string;
}

/** The outcome that a caller was told. */
export interface End {
  /** `stored`: of an event. */
  readonly o: 'value' | 'stored' | 'error' | 'fault' | 'cancelled';
  readonly t: number;
  readonly r?: string;
  /** Process and number of the execution that gave the reply. */
  readonly by?: string;
  readonly code?: string;
  readonly says?: 'not-run' | 'may-have-run';
  readonly text?: string;
  readonly at?: 'same-turn';
}

export interface Call {
  readonly id: string;
  readonly caller: string;
  readonly pattern: string;
  /** Hash of the request as it was made. */
  readonly q: string;
  /** What else the handler does. */
  readonly act?: string | undefined;
  /** NaN when it was never made: no comparison with NaN is true. */
  readonly start: number;
  readonly timeout: number;
  /** When it is due, in milliseconds since 1970; undefined: at once. */
  readonly due?: number | undefined;
  /** It is an event: its outcome is that it was stored. */
  readonly event?: true | undefined;
  /** Its idempotency key. */
  readonly key?: string | undefined;
  /** Every outcome that was told. */
  readonly ends: End[];
  /** Executions in the order in which they began. */
  readonly executions: Execution[];
}

export interface FaultSeen extends Facts {
  readonly n: number;
  readonly what: string;
  readonly from: number;
  /** Infinity when it still went on at the end of the run. */
  to: number;
  readonly targets: readonly string[];
  /** When the former primary took no more writes; undefined when that is not known. */
  ceased?: number;
  /** When the next primary had a replica. */
  restored?: number;
  /** Until then the replica that took over had received everything. */
  receivedUntil?: number | undefined;
}

export interface Exit {
  readonly t: number;
  readonly code: number | null;
  readonly signal: string | null;
  readonly expected?: Reason;
}

export interface Timed {
  readonly t: number;
}

/** `maps` is missing if the library keeps what it holds in another place. */
export type VitalsSeen = Omit<Vitals, 'maps'> & Partial<Pick<Vitals, 'maps'>>;

export interface ProcessSeen {
  readonly name: string;
  kind: Kind | undefined;
  pid?: number;
  spawned?: number;
  up?: number;
  exit?: Exit;
  /** Output of the process. */
  output: string;
  readonly logs: Timed[];
  /** Intervals in which its event loop stood still. */
  readonly stalls: (Timed & { readonly from: number })[];
  readonly statuses: (Timed & { readonly value: string })[];
  readonly links: (Timed & { readonly what: 'ready' | 'close'; readonly role: string })[];
  readonly unhandled: (Timed & { readonly what: string; readonly text: string })[];
  readonly vitals: { before?: VitalsSeen; after?: VitalsSeen };
  /** Handlers whose signal fired. */
  readonly aborts: (Timed & { readonly n: number })[];
  /** Executions whose handlers look at their signal. */
  readonly watched: Execution[];
}

/** What an inspection found when all work was done. */
export interface Quiet {
  readonly streams: readonly StreamFound[];
  readonly keys: readonly KeyFound[];
  readonly dead: readonly LetterFound[];
  readonly effects: EffectsFound;
}

/** An entry that was written by hand, or the memory that Redis used. */
export interface Note extends Timed {
  readonly k: string;
  readonly tag: string;
  readonly kind: string;
  readonly used: number;
  /** How often an attacker tried each of its ways. */
  readonly done?: Readonly<Record<string, number>>;
}

/** How much a primary had written, in bytes, at a moment after `t`. */
export interface OffsetSeen extends Timed {
  readonly port: number;
  readonly offset: number;
}

/** A lease that was taken from its owner, and the milliseconds that were left of it. */
export interface Revocation extends Timed {
  readonly consumer: string;
  readonly left: number;
}

export interface Model {
  readonly plan: WholePlan & {
    readonly scenario: string;
    readonly seed: number;
    readonly size: string;
    readonly server: string;
  };
  readonly calls: Map<string, Call>;
  /** Calls by idempotency key. */
  readonly keyed: Map<string, Call[]>;
  /** Executions of calls that nobody made. */
  readonly strays: Execution[];
  /** Processes by name. */
  readonly processes: Map<string, ProcessSeen>;
  readonly faults: FaultSeen[];
  readonly notes: Note[];
  readonly revocations: Revocation[];
  quiet?: Quiet;
  left?: { readonly keys: readonly KeyFound[] };
  /** Why the run broke off. */
  aborted?: string;
  loadAt?: number;
  loadedAt?: number;
  endingAt?: number;
}
