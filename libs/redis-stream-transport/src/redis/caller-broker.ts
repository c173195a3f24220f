import type { Keys } from '../protocol/keys.js';
import type { Link } from './link.js';
import { abort } from './operations/calling/abort.js';
import { attach, attachScript } from './operations/calling/attach.js';
import { credit } from './operations/calling/credit.js';
import { closeNumber } from './operations/calling/close-number.js';
import { decide, type CallInDoubt, type Decision } from './operations/calling/decide.js';
import { enqueue, enqueueScript, type Batch } from './operations/calling/enqueue.js';
import { enqueueOne, enqueueOneScript, isOne } from './operations/calling/enqueue-one.js';
import { reAsk, type ProbeAnswer } from './operations/calling/re-ask.js';
import { lastRecord, readLog, trimLog, type LogRecord } from './operations/calling/reply-log.js';
import { hello, type Incarnation } from './operations/hello.js';
import { noteSent } from './operations/calling/sent.js';
import type { CallerPlace } from './operations/place.js';
import {
  answeredWildcards,
  answerers,
  type AnsweredWildcard,
  type MatchedPattern,
} from './operations/wildcards/answered-wildcards.js';
import { load } from './operations/script.js';
import { withdraw, type Scheduled } from './operations/scheduling/withdraw.js';
import type { EnqueueAnswer } from './verdict.js';

export type { CallInDoubt, Fate } from './operations/calling/decide.js';
export type { BatchSection } from './operations/calling/sections.js';
export type { AnsweredWildcard, MatchedPattern };
export type { EntryFate } from './operations/calling/re-ask.js';
export type { Batch, Incarnation, LogRecord, ProbeAnswer };

/** A batch whose script is unknown is refused, so Redis must know them before. */
const ENQUEUING = [enqueueScript, enqueueOneScript];

/** What a caller asks of Redis in one shard. Each method is the operation of its name. */
export class CallerBroker implements CallerPlace {
  readonly logKey: string;
  readonly recordKey: string;

  constructor(
    readonly link: Link,
    readonly keys: Keys,
    callerId: string,
    readonly maxBacklog: number,
  ) {
    this.logKey = keys.log(callerId);
    this.recordKey = keys.caller(callerId);
  }

  /** Sent first on every new connection. */
  async hello(): Promise<Incarnation> {
    const [incarnation] = await Promise.all([
      hello(this),
      // Redis must know the script that makes the log: if it had to be sent again, it would come after the first calls.
      load(this.link, [...ENQUEUING, attachScript]),
    ]);
    return incarnation;
  }

  enqueue(batch: Batch): Promise<EnqueueAnswer> {
    return isOne(batch) ? enqueueOne(this, batch) : enqueue(this, batch, this.maxBacklog);
  }

  loadScripts(): Promise<void> {
    return load(this.link, ENQUEUING);
  }

  closeNumber(epoch: number, number: number, incarnation: string): Promise<EnqueueAnswer> {
    return closeNumber(this, epoch, number, incarnation);
  }

  /** @param text what it sends, for operators */
  noteSent(text: string): Promise<void> {
    return noteSent(this, text);
  }

  decide(calls: readonly CallInDoubt[]): Promise<Decision> {
    return decide(this, calls);
  }

  withdraw(entries: readonly Scheduled[]): Promise<string[]> {
    return withdraw(this, entries);
  }

  attach(): Promise<string | undefined> {
    return attach(this);
  }

  reAsk(calls: readonly (CallInDoubt & { readonly pattern: string })[]): Promise<ProbeAnswer> {
    return reAsk(this, calls);
  }

  abort(consumer: string, notices: readonly string[]): Promise<void> {
    return abort(this, consumer, notices);
  }

  /** @param text how far readers have come */
  credit(consumer: string, text: string): Promise<void> {
    return credit(this, consumer, text);
  }

  /** Wildcards whose requests are answered. @param most announcements that are looked at */
  answeredWildcards(most: number): Promise<AnsweredWildcard[]> {
    return answeredWildcards(this, most);
  }

  /** For each of the patterns, whether a group with a wildcard answers it. */
  answerers(patterns: readonly MatchedPattern[]): Promise<boolean[]> {
    return answerers(this, patterns);
  }

  readLog(after: string, count: number): Promise<LogRecord[]> {
    return readLog(this, after, count);
  }

  trimLog(below: string): Promise<void> {
    return trimLog(this, below);
  }

  lastRecord(): Promise<string | undefined> {
    return lastRecord(this);
  }
}
