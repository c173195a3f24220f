import type { Keys } from '../protocol/keys.js';
import { isEntryId } from '../protocol/limits.js';
import {
  cleaningArgs,
  readCleaned,
  type Cleaned,
  type CleaningLimits,
  type CleaningPlace,
} from './cleaning.js';
import { listOf, textOf, textsOf, wordOf } from './answer.js';
import { freshId, hello, type Incarnation } from './hello.js';
import { readFoundGroup, type FoundGroup } from './found-group.js';
import { heldEntries, readAnswer } from './entries.js';
import type { HeldEntry, NextAttempt, StreamEntries } from './entries.js';
import type { Link } from './link.js';
import { load, run } from './script.js';
import { fetchScript, snapshotScript } from './scripts/audit.lua.js';
import { dropGroupScript, groupScript, unlistScript } from './scripts/group.lua.js';
import { janitorScript } from './scripts/janitor.lua.js';
import { TOMBSTONE } from './scripts/lease.lua.js';
import { deadLetterCall } from './dead-entry.js';
import { deadLetterScript, noHandlerScript, retryScript } from './scripts/retry.lua.js';
import { settleCheckedScript, settleScript } from './scripts/settle.lua.js';
import { claimScript, scanScript } from './scripts/take-over.lua.js';
import {
  CHECKED,
  type Answer,
  type CheckedAnswer,
  type Claim,
  type DeadEntry,
  type KeyedResult,
  type NothingYet,
  type Owner,
  type SettleAnswer,
  type Settlement,
  type UnhandledEntry,
} from './settlement.js';

export type { Answer, CheckedAnswer, KeyedResult, Owner, SettleAnswer, Settlement };

export type GroupKind = 'r' | 'e' | 'b';

/** Milliseconds for which the result of an idempotency key is kept: a day, as payment providers do. */
export const RESULT_LIFE = 86_400_000;

const UNHANDLED = [...CHECKED, 'acked', 'answered', 'handed'] as const;

/** What a service wants of Redis, in one shard and for one group. */
export class GroupBroker {
  constructor(
    private readonly link: Link,
    private readonly keys: Keys,
    /** Replaced only for broadcasts, whose group goes with the consumer. */
    public group: string,
    /** Whose dead letters these are: of a broadcast, the service's. */
    private readonly service = group,
  ) {}

  async hello(): Promise<Incarnation> {
    const [answer] = await Promise.all([
      hello(this.link, this.keys),
      load(this.link, [settleScript]),
    ]);
    return answer;
  }

  async ensureGroup(
    stream: string,
    kind: GroupKind,
    history: boolean,
    { consumer = '', notesStarts = false } = {},
  ): Promise<FoundGroup> {
    const keys = [this.keys.stream(stream), this.keys.groups(stream), this.keys.incarnation()];
    if (notesStarts) keys.push(this.keys.started(stream));
    const args = [this.group, kind, history ? '1' : '0', freshId(), consumer];
    return readFoundGroup(await run(this.link, groupScript, keys, args));
  }

  /** Blocks the given connection until there is something to read, `block` milliseconds at most. */
  async read(
    reader: Link,
    consumer: string,
    streams: readonly string[],
    count: number,
    block: number,
  ): Promise<StreamEntries[]> {
    const args = ['GROUP', this.group, consumer, 'COUNT', String(count)];
    if (block > 0) args.push('BLOCK', String(block));
    args.push('STREAMS');
    for (const stream of streams) args.push(this.keys.stream(stream));
    for (let i = 0; i < streams.length; i++) args.push('>');
    // Lower case: in upper case the client would skip the shape that readAnswer expects.
    return readAnswer(await reader.command('xreadgroup', args, block));
  }

  async settle(owner: Owner, { logs, streams }: Settlement): Promise<SettleAnswer> {
    const keys = [this.keys.lease(owner.consumer)];
    const args = [owner.token, this.group, String(logs.length), String(streams.length)];
    for (const log of logs) {
      keys.push(this.keys.log(log.caller));
      args.push(log.frame, String(log.ttlMs), log.force ? '1' : '0');
    }
    for (const { stream, keep, drop } of streams) {
      keys.push(this.keys.stream(stream));
      args.push(String(keep.length), String(drop.length));
      for (const id of keep) args.push(id);
      for (const id of drop) args.push(id);
    }
    const answer = textOf(await run(this.link, settleScript, keys, args), 'settle');
    if (answer === 'missing' || answer === 'fenced') return { kind: answer };
    const [kind, ...positions] = answer.split(' ');
    const outcome = wordOf(kind, ['ok', 'full'] as const, 'settle');
    return { kind: outcome, logs: positions.map((n) => Number(n) - 1) };
  }

  async settleChecked(
    owner: Owner,
    stream: string,
    id: string,
    incarnation: string,
    drop: boolean,
    answer: Answer | undefined,
    keyed?: KeyedResult,
  ): Promise<CheckedAnswer> {
    const keys = [
      this.keys.lease(owner.consumer),
      this.keys.incarnation(),
      this.keys.stream(stream),
      this.keys.due(stream),
      this.keys.started(stream),
      keyed === undefined
        ? this.keys.incarnation()
        : this.keys.idempotency(this.group, keyed.pattern, keyed.key),
      answer === undefined ? this.keys.incarnation() : this.keys.log(answer.caller),
    ];
    const settled = await run(this.link, settleCheckedScript, keys, [
      owner.token,
      this.group,
      owner.consumer,
      id,
      incarnation,
      drop ? '1' : '0',
      answer?.frame ?? '',
      String(answer?.ttlMs ?? 0),
      keyed === undefined ? '' : (keyed.result ?? '-'),
      String(RESULT_LIFE),
    ]);
    return wordOf(settled, CHECKED, 'settle-checked');
  }

  async retry(
    owner: Owner,
    stream: string,
    id: string,
    { delay, attempts, state, spared }: NextAttempt,
  ): Promise<CheckedAnswer | 'unnoted'> {
    const keys = [this.keys.lease(owner.consumer), this.keys.stream(stream), this.keys.due(stream)];
    const { token, consumer } = owner;
    const note = [String(Math.round(delay)), String(attempts), state, String(spared)];
    const args = [token, this.group, consumer, id, ...note];
    const answers = [...CHECKED, 'unnoted'] as const;
    return wordOf(await run(this.link, retryScript, keys, args), answers, 'retry');
  }

  /** @param told gets the id of the letter */
  async deadLetter(
    owner: Owner,
    dead: DeadEntry,
    told?: (letter: string) => void,
  ): Promise<CheckedAnswer> {
    const [keys, args] = deadLetterCall(this.keys, this.group, this.service, owner, dead);
    const text = textOf(await run(this.link, deadLetterScript, keys, args), 'dead-letter');
    const [word, letter] = text.split(' ');
    const kind = wordOf(word, CHECKED, 'dead-letter');
    if (letter !== undefined) told?.(letter);
    return kind;
  }

  /** Returns, beside the outcome, the member of the group that the entry was handed to. */
  async noHandler(
    owner: Owner,
    request: UnhandledEntry,
    answer: Answer,
  ): Promise<{ kind: CheckedAnswer | 'acked' | 'answered' | 'handed'; to?: string }> {
    const keys = [
      this.keys.lease(owner.consumer),
      this.keys.stream(request.stream),
      this.keys.due(request.stream),
      this.keys.live(request.pattern),
      this.keys.log(answer.caller),
      this.keys.groups(request.stream),
    ];
    const text = await run(this.link, noHandlerScript, keys, [
      owner.token,
      this.group,
      owner.consumer,
      request.id,
      answer.frame,
      String(answer.ttlMs),
      request.mayHand ? '1' : '0',
      Number.isFinite(request.deadline) ? String(Math.ceil(request.deadline)) : '',
    ]);
    const [word, to] = textOf(text, 'no-handler').split(' ');
    const kind = wordOf(word, UNHANDLED, 'no-handler');
    return { kind, ...(to === undefined ? {} : { to }) };
  }

  /** Ids that Redis lists as pending under a consumer; undefined where the group is missing. */
  async snapshot(
    consumer: string,
    wanted: readonly { readonly stream: string; readonly from: string }[],
    limit: number,
  ): Promise<(string[] | undefined)[]> {
    const keys = wanted.map(({ stream }) => this.keys.stream(stream));
    const args = [this.group, consumer, String(limit), ...wanted.map(({ from }) => from)];
    const answer = await run(this.link, snapshotScript, keys, args);
    return listOf(answer, 'snapshot').map((ids) =>
      Array.isArray(ids) ? textsOf(ids, 'snapshot').filter(isEntryId) : undefined,
    );
  }

  async fetch(
    owner: Owner,
    stream: string,
    ids: readonly string[],
  ): Promise<HeldEntry[] | 'fenced'> {
    const keys = [this.keys.lease(owner.consumer), this.keys.stream(stream), this.keys.due(stream)];
    const args = [owner.token, this.group, owner.consumer, ...ids];
    const answer = listOf(await run(this.link, fetchScript, keys, args), 'fetch');
    return answer[0] === 'fenced' ? 'fenced' : heldEntries(answer);
  }

  /**
   * Consumers of the group, perhaps several times, and the groups beside it that nobody registered and
   * that may be those of its broadcasts, per stream.
   */
  async scan(streams: readonly string[]): Promise<{ consumers: string[]; broadcasts: string[] }[]> {
    const keys = streams.map((stream) => this.keys.stream(stream));
    for (const stream of streams) keys.push(this.keys.started(stream));
    for (const stream of streams) keys.push(this.keys.groups(stream));
    const answer = listOf(await run(this.link, scanScript, keys, [this.group]), 'scan');
    return streams.map((_, i) => ({
      consumers: textsOf(answer[i] ?? [], 'scan'),
      broadcasts: textsOf(answer[streams.length + i] ?? [], 'scan'),
    }));
  }

  async claim(
    owner: Owner,
    dead: string,
    stream: string,
    { count, permitted, suspects, nestedFrom = '' }: Claim,
  ): Promise<HeldEntry[] | NothingYet | 'fenced' | 'alive' | 'empty' | 'suspects'> {
    const keys = [
      this.keys.lease(owner.consumer),
      this.keys.lease(dead),
      this.keys.left(dead),
      this.keys.stream(stream),
      this.keys.due(stream),
    ];
    const { token, consumer } = owner;
    const numbers = [count, permitted, suspects ? 1 : 0].map(String);
    const args = [token, this.group, dead, consumer, ...numbers, nestedFrom];
    const answer = listOf(await run(this.link, claimScript, keys, args), 'claim');
    if (answer[0] === 'ok') return heldEntries(answer);
    if (answer[0] === 'on' && isEntryId(answer[1])) {
      return { searchedTo: answer[1], suspects: answer[2] === '1' };
    }
    return wordOf(answer[0], ['fenced', 'alive', 'empty', 'suspects'] as const, 'claim');
  }

  /** Destroys the group of a broadcast: my own, or one whose consumer has left the tombstone. */
  async dropGroup(stream: string, consumer: string, group?: string): Promise<void> {
    const keys = [this.keys.lease(consumer), this.keys.stream(stream), this.keys.groups(stream)];
    const args = [group ?? this.group, TOMBSTONE, group === undefined ? '1' : '0'];
    await run(this.link, dropGroupScript, keys, args);
  }

  /** Takes a consumer off the group's lists where nothing is pending under it. */
  async unlist(streams: readonly string[], consumer: string): Promise<void> {
    const keys = streams.map((stream) => this.keys.stream(stream));
    await run(this.link, unlistScript, keys, [this.group, consumer]);
  }

  /** Trims what everybody has handled; returns what was removed and groups that no longer count. */
  async clean(
    stream: string,
    kind: GroupKind,
    limits: CleaningLimits,
    place?: CleaningPlace,
  ): Promise<Cleaned> {
    const keys = [this.keys.stream(stream), this.keys.groups(stream), this.keys.started(stream)];
    const args = [this.group, kind, ...cleaningArgs(limits, place)];
    return readCleaned(await run(this.link, janitorScript, keys, args));
  }
}
