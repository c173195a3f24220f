import type { CheckedAnswer, Owner } from '../owner.js';
import {
  GroupBroker,
  type Answer,
  type CheckedSettlement,
  type SettleAnswer,
  type Settlement,
} from '../group-broker.js';
import type { DeadEntry } from '../operations/serving/dead-letter.js';
import type { UnhandledAnswer, UnhandledEntry } from '../operations/serving/no-handler.js';
import type { EntryPlace, NextAttempt, RetryAnswer } from '../operations/serving/retry.js';
import { underLease, type Replicas } from './replicas.js';

/** For a service to which an entry counts as settled only when enough replicas have taken note. */
export class ReplicatedGroupBroker extends GroupBroker {
  constructor(
    { link, keys, group, service }: Pick<GroupBroker, 'link' | 'keys' | 'group' | 'service'>,
    private readonly replicas: Replicas,
  ) {
    super(link, keys, group, service);
  }

  override settle(owner: Owner, settlement: Settlement): Promise<SettleAnswer> {
    return this.replicas.after(
      () => super.settle(owner, settlement),
      ({ kind }) => kind === 'ok',
    );
  }

  override settleChecked(owner: Owner, settlement: CheckedSettlement): Promise<CheckedAnswer> {
    return this.replicas.after(() => super.settleChecked(owner, settlement), underLease);
  }

  override retry(owner: Owner, entry: EntryPlace, next: NextAttempt): Promise<RetryAnswer> {
    return this.replicas.after(() => super.retry(owner, entry, next), underLease);
  }

  override deadLetter(
    owner: Owner,
    dead: DeadEntry,
    told?: (letter: string) => void,
  ): Promise<CheckedAnswer> {
    return this.replicas.after(() => super.deadLetter(owner, dead, told), underLease);
  }

  override noHandler(
    owner: Owner,
    request: UnhandledEntry,
    answer: Answer,
  ): Promise<UnhandledAnswer> {
    return this.replicas.after(() => super.noHandler(owner, request, answer), underLease);
  }
}
