import type { RedisStreamsError } from '../../../errors.js';
import type { WireCodec } from '../../../protocol/header.js';
import type { PackedCall } from '../../../protocol/pack.js';
import type { PackPlace } from '../../../redis/lua/pack.js';
import type { Incarnation } from '../../../redis/operations/hello.js';
import type { ClassOf } from '../../../redis/operations/calling/sections.js';
import type { Refusal } from '../../../redis/verdict.js';
import type { Schedule } from './entry-request.js';

/** A call or an event as a part of a pack. */
export interface Packable extends PackedCall {
  readonly codec: WireCodec;
  /** `NOBODY` of an event. */
  readonly caller: string;
  readonly depth: number;
  /** It may be started once only; so may all calls of its pack. */
  readonly once: boolean;
  /** Its deadline (monotonic, ms). */
  readonly expiresAt: number;
  /** The pattern, in a lane that several patterns share. */
  readonly lane: string | undefined;
  /** Milliseconds until its deadline, as it would be written; of an event until it expires, 0 for never. */
  timeLeft(now: number): number;
}

/** How many calls of a pattern have left for several instances and are not over. */
export interface OpenCalls {
  count: number;
}

/** A call or an event that is to be stored in its stream. */
export interface OutgoingEntry {
  /** It is for all groups of the stream, and nobody waits for a reply. */
  readonly isEvent: boolean;
  readonly stream: string;
  readonly pattern: string;
  /**
   * When it is stored. 0: always; 1: only if an instance serves the pattern now; 2: only if one ever did; 3: as 1, but
   * what was so a moment ago counts.
   */
  readonly mode: 0 | 1 | 2 | 3;
  /** It goes to this stream instead, if all who read `stream` read it too; undefined: its pattern's own is right for it. */
  readonly ofClass: ClassOf | undefined;
  /** It was stored in that stream. */
  isInClass: boolean;
  /** Its pattern may have other streams. */
  readonly maySpread: boolean;
  /** Whether it has more than the two fields. */
  readonly hasExtraFields: boolean;
  /** It waits until it is due, or is not to be there already. */
  readonly schedule: Schedule | undefined;
  /** A call that may be started once only: it travels apart from other calls. */
  readonly once: boolean;
  /** Characters that it takes in a batch, about. */
  readonly size: number;
  /** It has ended for the application, so it need not be sent, or sent again. */
  readonly abandoned: boolean;
  /** Whether a copy of it may be in Redis under another number or another memory (rule L7). */
  tainted: boolean;
  /** Copies that left this process and were not refused. */
  copies: number;

  /** As a part of a pack; undefined: it travels by itself. */
  readonly pack: Packable | undefined;

  /** Counts it there until it is over, once. Nobody waits for the end of an event. */
  countIn?(open: OpenCalls): void;

  /**
   * The values of the fields `c` and `d`, or if `hasExtraFields` its whole field list. The header has the time that
   * is left. With a schedule: its id, when it is due, how long another adds nothing, and its field list.
   *
   * @param now monotonic, ms
   */
  fields(now: number): readonly string[];
  /**
   * A copy leaves.
   *
   * @param incarnation the memory that it is meant for
   * @param now monotonic, ms
   */
  sending(incarnation: Incarnation, now: number): void;
  /**
   * It is stored: its entry is the one that comes `steps` after the entry `first`. Of an entry that is due later, `first`
   * is an id of that time.
   * @param place in the pack that the entry is; undefined: it is no pack
   * @param unsafe why it may be lost all the same: too few replicas have it
   */
  stored(first: string, steps: number, place?: PackPlace, unsafe?: Error): void;
  /**
   * The verdict says that it was not stored.
   *
   * @param cause Redis' own error, if there is one
   */
  refused(reason: Refusal, cause?: Error): void;
  /** Redis refused each copy, so it is as if none had left. */
  recalled(): void;
  /** Redis answered each copy with an error, or the number of its batch was closed without being applied. */
  failed(error: RedisStreamsError): void;
  /** It may be stored, and the id of its entry will not be known. */
  unknown(): void;
}
