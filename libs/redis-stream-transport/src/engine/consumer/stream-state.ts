import type { Announcement } from '../../redis/lease-broker.js';
import type { GroupKind } from '../../redis/group-broker.js';
import type { RetryPolicy } from '../../options/index.js';
import { IdTable } from '../id-table.js';
import type { Delivery } from './delivery.js';

/** What the engine must know of a pattern; how it is handled is the runner's business. */
export interface PatternSpec {
  readonly pattern: string;
  readonly stream: string;
  /** Answers requests (a message handler). */
  readonly answers: boolean;
  /** Every live instance gets its own copy of the events. */
  readonly broadcast: boolean;
  /** Handlers of the pattern that run at once in this process; undefined: only the server's bound. */
  readonly concurrency: number | undefined;
  /** Retries; undefined: none. */
  readonly retry: RetryPolicy | undefined;
  readonly once: boolean;
  /** A streamed reply may begin anew in another process. */
  readonly restartable: boolean;
}

/** A pattern while the server runs. */
export class PatternState {
  running = 0;

  constructor(readonly spec: PatternSpec) {}

  get isFull(): boolean {
    return this.spec.concurrency !== undefined && this.running >= this.spec.concurrency;
  }
}

/** A stream that a group reads, and what this process holds of it. */
export class StreamState {
  readonly patterns = new Map<string, PatternState>();
  /** Everything read and not settled: running, waiting for a slot, waiting for another attempt. */
  readonly held = new IdTable<Delivery>();
  /** Settled while an audit is looking; undefined when none is. */
  settledMeanwhile: Set<string> | undefined;
  /** Events up to this id were there before the group and are not for it. */
  since: string | undefined;

  constructor(readonly name: string) {}

  get kind(): GroupKind {
    let kind: GroupKind = 'e';
    for (const { spec } of this.patterns.values()) {
      if (spec.broadcast) return 'b';
      if (spec.answers) kind = 'r';
    }
    return kind;
  }

  /** Whether another entry of it could start: not if all of its patterns are at their bound. */
  get isFull(): boolean {
    for (const pattern of this.patterns.values()) if (!pattern.isFull) return false;
    return true;
  }

  patternOf(named: string | undefined): PatternState | undefined {
    return this.patterns.get(named ?? this.name);
  }

  /** It has ended. What took its place, because the entry was claimed anew, stays. */
  release(delivery: Delivery): void {
    if (this.held.delete(delivery)) this.settledMeanwhile?.add(delivery.id);
  }
}

/** What a consumer tells the callers: the patterns whose requests it answers. */
export function announcementsOf(specs: readonly PatternSpec[]): Announcement[] {
  return specs.filter(({ answers }) => answers).map(({ pattern, once }) => ({ pattern, once }));
}
