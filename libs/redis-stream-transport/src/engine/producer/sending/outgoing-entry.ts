import type { RedisStreamsError } from '../../../errors.js';
import type { Incarnation } from '../../../redis/operations/hello.js';
import type { Refusal } from '../../../redis/verdict.js';

/** What a batch carries: a call or an event on its way into a stream. */
export interface OutgoingEntry {
  readonly stream: string;
  readonly pattern: string;
  /** 0: store in any case; 1: only if somebody answers now; 2: only if it was ever served. */
  readonly mode: 0 | 1 | 2;
  /** Whether it has more than the two fields. */
  readonly hasExtraFields: boolean;
  /** Characters it takes in a batch. */
  readonly size: number;
  /** Nobody waits for it any more: it need not be sent, or sent again. */
  readonly abandoned: boolean;
  /** Whether a copy of it may be in Redis under another number or another memory (rule L7). */
  tainted: boolean;
  /** Copies that left this process and were not refused. */
  copies: number;

  /** Values of `c` and `d`, or if `hasExtraFields` the field list; the time that remains is written into it. */
  fields(now: number): readonly string[];
  /** A copy leaves now (monotonic, ms); `incarnation` is the memory it is meant for. */
  sending(incarnation: Incarnation, now: number): void;
  /** Its entry is the one that many steps behind the first of its section. */
  stored(first: string, behind: number): void;
  /** @param cause Redis' own error, where there is one */
  refused(reason: Refusal, cause?: Error): void;
  /** Redis refused every copy, which changed nothing: it is as if none had left, until the next does. */
  recalled(): void;
  /** Redis answered every copy with an error, or the number was closed unapplied. */
  failed(error: RedisStreamsError): void;
  /** It may or may not be stored, and its id will not be known. */
  unknown(): void;
}
