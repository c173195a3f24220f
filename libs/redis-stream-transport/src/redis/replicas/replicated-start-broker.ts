import type { CheckedAnswer, LeaseLost, Owner } from '../owner.js';
import type { InterruptedEnd } from '../operations/recovery/end-interrupted.js';
import {
  StartBroker,
  type Arrival,
  type KeyClaim,
  type KeyedEntry,
  type Marked,
  type Marks,
} from '../start-broker.js';
import { underLease, type Replicas } from './replicas.js';

/** For a service in which something starts, where that must be noted before, only when enough replicas have the note. */
export class ReplicatedStartBroker extends StartBroker {
  constructor(
    { link, keys }: Pick<StartBroker, 'link' | 'keys'>,
    groupNow: () => string,
    private readonly replicas: Replicas,
  ) {
    super(link, keys, groupNow);
  }

  override start(
    owner: Owner,
    stream: string,
    ids: readonly string[],
  ): Promise<boolean[] | LeaseLost> {
    return this.replicas.after(() => super.start(owner, stream, ids), underLease);
  }

  override mark(
    owner: Owner,
    stream: string,
    packs: readonly Marks[],
  ): Promise<(Marked | undefined)[][] | LeaseLost> {
    return this.replicas.after(() => super.mark(owner, stream, packs), underLease);
  }

  override endInterrupted(owner: Owner, by: string, entry: InterruptedEnd): Promise<CheckedAnswer> {
    return this.replicas.after(() => super.endInterrupted(owner, by, entry), underLease);
  }

  override admit(stream: string, arrivals: readonly Arrival[]): Promise<boolean[]> {
    return this.replicas.after(
      () => super.admit(stream, arrivals),
      () => true,
    );
  }

  override claimKeys(stream: string, entries: readonly KeyedEntry[]): Promise<KeyClaim[]> {
    return this.replicas.after(
      () => super.claimKeys(stream, entries),
      () => true,
    );
  }
}
