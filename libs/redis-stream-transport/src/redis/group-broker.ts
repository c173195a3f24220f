import type { Keys } from '../protocol/keys.js';
import type { HeldEntry, StreamEntries } from './entries.js';
import type { Link } from './link.js';
import { clean } from './operations/cleaning/clean.js';
import type { Cleaned, CleaningPlace, CleaningTerms } from './operations/cleaning/clean.js';
import { dropGroup } from './operations/groups/drop-group.js';
import { ensureGroup, type FoundGroup, type GroupKind } from './operations/groups/ensure-group.js';
import { unlist } from './operations/groups/unlist.js';
import { hello, type Incarnation } from './operations/hello.js';
import type { ServicePlace } from './operations/place.js';
import { claim, type Claim, type ClaimAnswer } from './operations/recovery/claim.js';
import { fetchHeld } from './operations/recovery/fetch.js';
import { scan, type Scanned } from './operations/recovery/scan.js';
import { snapshot } from './operations/recovery/snapshot.js';
import { load } from './operations/script.js';
import { deadLetter, type DeadEntry } from './operations/serving/dead-letter.js';
import { noHandler } from './operations/serving/no-handler.js';
import type { UnhandledAnswer, UnhandledEntry } from './operations/serving/no-handler.js';
import { readGroup, type ReadAnswer, type ReadRequest } from './operations/serving/read.js';
import { look } from './operations/serving/look.js';
import { readWaiting, type WaitingRequest } from './operations/serving/read-waiting.js';
import {
  retry,
  type EntryPlace,
  type NextAttempt,
  type RetryAnswer,
} from './operations/serving/retry.js';
import { settleChecked } from './operations/serving/settle-checked.js';
import type { CheckedSettlement, KeyedResult } from './operations/serving/settle-checked.js';
import { settle, settleScript } from './operations/serving/settle.js';
import { isPlain, settlePlain, settlePlainScript } from './operations/serving/settle-plain.js';
import type { SettleAnswer, Settlement, StreamEnds } from './operations/serving/settle.js';
import type { Answer, CheckedAnswer, LeaseLost, Owner } from './owner.js';

export type { Answer, CheckedAnswer, GroupKind, KeyedResult, Owner, SettleAnswer, Settlement };
export type { CheckedSettlement, StreamEnds };

/** What runs every turn: its first use should not have to send its text. */
const SETTLING = [settleScript, settlePlainScript];

/** What a service asks of Redis in one shard and for one group. Each method is one operation. */
export class GroupBroker implements ServicePlace {
  constructor(
    readonly link: Link,
    readonly keys: Keys,
    /** Changes only for broadcasts: their group belongs to the consumer and is named after it. */
    public group: string,
    /** The group whose dead letters are written: for broadcasts, that of the service. */
    readonly service = group,
  ) {}

  /** Sent first on every new connection. */
  async hello(): Promise<Incarnation> {
    const [incarnation] = await Promise.all([hello(this), load(this.link, SETTLING)]);
    return incarnation;
  }

  ensureGroup(
    stream: string,
    kind: GroupKind,
    history: boolean,
    { consumer = '', notesStarts = false, from = '' } = {},
  ): Promise<FoundGroup> {
    return ensureGroup(this, { stream, kind, history, consumer, notesStarts, from });
  }

  /** Blocks the connection of `reader`, not that of the place, until there is something to read. */
  read(reader: Link, request: ReadRequest): Promise<ReadAnswer> {
    return readGroup(this, reader, request);
  }

  /** One entry that has waited for long, if there is one. */
  readWaiting(reader: Link, request: WaitingRequest): Promise<StreamEntries[]> {
    return readWaiting(this, reader, request);
  }

  look(owner: Owner, stream: string, ids: readonly string[]): Promise<(string | undefined)[]> {
    return look(this, owner, stream, ids);
  }

  settle(owner: Owner, settlement: Settlement): Promise<SettleAnswer> {
    const run = isPlain(settlement) ? settlePlain : settle;
    return run(this, owner, settlement);
  }

  settleChecked(owner: Owner, settlement: CheckedSettlement): Promise<CheckedAnswer> {
    return settleChecked(this, owner, settlement);
  }

  retry(owner: Owner, entry: EntryPlace, next: NextAttempt): Promise<RetryAnswer> {
    return retry(this, owner, entry, next);
  }

  /** @param told is called with the id of the letter */
  deadLetter(
    owner: Owner,
    dead: DeadEntry,
    told?: (letter: string) => void,
  ): Promise<CheckedAnswer> {
    return deadLetter(this, owner, dead, told);
  }

  noHandler(owner: Owner, request: UnhandledEntry, answer: Answer): Promise<UnhandledAnswer> {
    return noHandler(this, owner, request, answer);
  }

  snapshot(
    consumer: string,
    wanted: readonly { readonly stream: string; readonly from: string }[],
    limit: number,
  ): Promise<(string[] | undefined)[]> {
    return snapshot(this, consumer, wanted, limit);
  }

  fetch(owner: Owner, stream: string, ids: readonly string[]): Promise<HeldEntry[] | LeaseLost> {
    return fetchHeld(this, owner, stream, ids);
  }

  scan(streams: readonly string[]): Promise<Scanned[]> {
    return scan(this, streams);
  }

  claim(owner: Owner, dead: string, stream: string, wanted: Claim): Promise<ClaimAnswer> {
    return claim(this, owner, { dead, stream }, wanted);
  }

  dropGroup(stream: string, consumer: string, group?: string): Promise<void> {
    return dropGroup(this, stream, consumer, group);
  }

  unlist(streams: readonly string[], consumer: string): Promise<void> {
    return unlist(this, streams, consumer);
  }

  clean(
    stream: string,
    kind: GroupKind,
    terms: CleaningTerms,
    place?: CleaningPlace,
  ): Promise<Cleaned> {
    return clean(this, { stream, kind, terms, place });
  }
}
