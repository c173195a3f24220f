import type { Keys } from '../protocol/keys.js';
import type { Link } from './link.js';
import { sweep } from './operations/cleaning/sweep.js';
import type { GroupPlace } from './operations/place.js';
import { adopt } from './operations/recovery/adopt.js';
import { endInterrupted, type InterruptedEnd } from './operations/recovery/end-interrupted.js';
import { interrupted, type InterruptedEntry } from './operations/recovery/interrupted.js';
import { orphans } from './operations/recovery/orphans.js';
import { promote, type Promoted } from './operations/scheduling/promote.js';
import { admit, type Arrival } from './operations/serving/admit.js';
import { claimKeys, type KeyClaim, type KeyedEntry } from './operations/serving/claim-keys.js';
import { mark, type Marked, type Marks } from './operations/serving/mark.js';
import { start } from './operations/serving/start.js';
import type { CheckedAnswer, LeaseLost, Owner } from './owner.js';

export type { Arrival, InterruptedEntry, KeyClaim, KeyedEntry, Marked, Marks, Promoted };

/** Operations around the start of handlers: may an entry start, must it run, was it interrupted. Each method is one. */
export class StartBroker implements GroupPlace {
  constructor(
    readonly link: Link,
    readonly keys: Keys,
    private readonly groupNow: () => string,
  ) {}

  get group(): string {
    return this.groupNow();
  }

  start(
    owner: Owner,
    stream: string,
    ids: readonly string[],
  ): Promise<boolean[] | 'missing' | 'fenced'> {
    return start(this, owner, stream, ids);
  }

  /** In the order of the packs and of their calls. */
  mark(
    owner: Owner,
    stream: string,
    packs: readonly Marks[],
  ): Promise<(Marked | undefined)[][] | 'missing' | 'fenced'> {
    return mark(this, owner, stream, packs);
  }

  interrupted(owner: Owner, by: string, stream: string): Promise<InterruptedEntry[]> {
    return interrupted(this, owner, by, stream);
  }

  endInterrupted(owner: Owner, by: string, entry: InterruptedEnd): Promise<CheckedAnswer> {
    return endInterrupted(this, owner, by, entry);
  }

  orphans(stream: string, from: string, count: number): Promise<{ next: string; ids: string[] }> {
    return orphans(this, stream, from, count);
  }

  sweep(stream: string): Promise<void> {
    return sweep(this, stream);
  }

  /** In the order of the streams. */
  promote(
    streams: readonly string[],
    bounds: { readonly most: number; readonly size: number },
  ): Promise<{ readonly now: number; readonly streams: readonly Promoted[] }> {
    return promote(this, streams, bounds);
  }

  adopt(owner: Owner, stream: string, ids: readonly string[]): Promise<LeaseLost | undefined> {
    return adopt(this, owner, stream, ids);
  }

  /** In the order of the arrivals. */
  admit(stream: string, arrivals: readonly Arrival[]): Promise<boolean[]> {
    return admit(this, stream, arrivals);
  }

  /** In the order of the entries. */
  claimKeys(stream: string, entries: readonly KeyedEntry[]): Promise<KeyClaim[]> {
    return claimKeys(this, stream, entries);
  }
}
