import type { CallOutcome, RedisStreamsErrorCode } from '../../errors.js';
import type { LinkRole } from '../../redis/link.js';

/** The client or server that a message comes from. The same object for all of its messages. */
export interface DiagnosticsSource {
  readonly role: 'client' | 'server';
  /** Prefix of its keys in Redis. */
  readonly prefix: string;
  /** Group of a server; undefined for a client. */
  readonly group: string | undefined;
  /** Where its Redis is, without credentials. */
  readonly redis: string;
}

/** What every message has. */
export interface FromSource {
  readonly source: DiagnosticsSource;
}

/** Of every message about a call at its caller. */
export interface CallDiagnostics extends FromSource {
  readonly pattern: string;
  /** The same as in the log and the context of the service. */
  readonly callId: string;
}

export interface CallSent extends CallDiagnostics {
  /** Milliseconds until its deadline; 0: none, only `idleTimeout` counts. */
  readonly timeout: number;
  /** Characters of its data as it travels. */
  readonly size: number;
}

export interface CallStored extends CallDiagnostics {
  /** Id of its entry; of a call of a pack with its place: `<id>#<place>`. */
  readonly entry: string;
  /** Milliseconds since it was made. */
  readonly took: number;
}

export interface CallAnswered extends CallDiagnostics {
  /** Consumer name of the instance whose reply came first. */
  readonly instance: string;
  /** How often the entry was handed out by then. */
  readonly deliveryCount: number;
  /** Milliseconds since it was made. */
  readonly took: number;
}

export interface CallEnded extends CallDiagnostics {
  /**
   * - `answered`: it has its last value.
   * - `failed`: its handler threw, and the caller got that error.
   * - `refused`: the transport ended it; `code` and `outcome` say why and what is known.
   */
  readonly result: 'answered' | 'failed' | 'refused';
  readonly code: RedisStreamsErrorCode | undefined;
  readonly outcome: CallOutcome | undefined;
  /** Replies that were handed on, the last one included. */
  readonly replies: number;
  /** Milliseconds since it was made. */
  readonly took: number;
}

export interface LateReply extends FromSource {
  /** Consumer name of the instance that sent it. */
  readonly instance: string;
}

export interface EventSent extends FromSource {
  readonly pattern: string;
  /** Characters of its data as it travels. */
  readonly size: number;
}

export interface EventEnded extends FromSource {
  readonly pattern: string;
  /** Undefined: it is stored. */
  readonly code: RedisStreamsErrorCode | undefined;
  readonly outcome: CallOutcome | undefined;
  /** Milliseconds since it was made. */
  readonly took: number;
}

/** Of every message about an entry, or a call of a pack, at an instance of a service. */
export interface EntryDiagnostics extends FromSource {
  readonly pattern: string;
  readonly stream: string;
  /** Id of the entry; of a call of a pack with its place: `<id>#<place>`. */
  readonly entry: string;
  /** Of a request; undefined for an event. */
  readonly callId: string | undefined;
  /** How often the entry was handed out, this time included. */
  readonly deliveries: number;
  /** Attempts that failed before. */
  readonly attempts: number;
}

export interface EntryRead extends EntryDiagnostics {
  /** Milliseconds that it was in the stream. Caller and service need no common clock: both times are those of Redis. */
  readonly inStream: number;
}

export interface EntryStarted extends EntryDiagnostics {
  /** Milliseconds since it was read: it waited for a slot, or for Redis to permit its start. */
  readonly waited: number;
}

export interface EntryEnded extends EntryDiagnostics {
  /**
   * - `answered`: a request has its last value. `handled`: all handlers of an event have succeeded.
   * - `failed`: the handler threw, and the caller gets that error.
   * - `refused`: the transport ended it with `code`: expired, cancelled, without a handler.
   * - `retried`: another attempt will be made.
   * - `dead`: it becomes a dead letter.
   * - `left`: it stays pending for another instance, because this one closes or was taken for dead.
   */
  readonly result: EntryResult;
  /** Of `refused`. */
  readonly code: RedisStreamsErrorCode | undefined;
  /** Milliseconds from the read to the start of the handler, or to the end if it never started. */
  readonly waited: number;
  /** Milliseconds for which the handler ran; 0 if it never started. */
  readonly ran: number;
}

export type EntryResult =
  'answered' | 'handled' | 'failed' | 'refused' | 'retried' | 'dead' | 'left';

export interface EntryAborted extends EntryDiagnostics {
  /** Why the handler that runs is told to stop. */
  readonly reason: AbortReason;
}

/**
 * Why a handler's signal fires.
 * - `deadline`: its time is over. `cancelled`: its caller does not wait any more.
 * - `fenced`: this instance was taken for dead. `closing`: it did not finish within `drainTimeout`.
 */
export type AbortReason = 'deadline' | 'cancelled' | 'fenced' | 'closing';

export interface EntryRetried extends EntryDiagnostics {
  /** Milliseconds until the next attempt. */
  readonly delay: number;
  /** What the handler threw; undefined: it asked for another attempt. */
  readonly error: unknown;
}

export interface DeadLettered extends EntryDiagnostics {
  /** Id of the dead letter. */
  readonly letter: string;
  /** `attempts`, `final`, `deliveries`, `malformed`, … (see dead letters). */
  readonly reason: string;
  readonly detail: string;
}

export interface Untrusted extends FromSource {
  readonly pattern: string;
  /** Of a request or a reply; undefined for an event. */
  readonly callId: string | undefined;
  /** `unproven`: it was forged, altered or moved. `repeated`: another entry brought the same message before. */
  readonly reason: 'unproven' | 'repeated';
  /** In words. */
  readonly detail: string;
}

export interface TakenOver extends FromSource {
  readonly stream: string;
  /** Consumer name of the instance that held them. */
  readonly from: string;
  /** Entries; a pack counts as one. */
  readonly entries: number;
  /** Milliseconds that the oldest of them has been in the stream. */
  readonly oldest: number;
}

export interface LeaseLost extends FromSource {
  /** Name under which the instance was taken for dead. */
  readonly before: string;
  /** Name under which it goes on. */
  readonly now: string;
}

export interface GroupChanged extends FromSource {
  readonly stream: string;
  readonly group: string;
  /** Why the stream cannot be read; of `group.healed` undefined. */
  readonly reason: string | undefined;
}

export interface PatternPaused extends FromSource {
  readonly pattern: string;
  /** Calls are refused with PAUSED instead of waiting. */
  readonly refuses: boolean;
  /** Since when, and until when, in milliseconds since 1970 by Redis' clock; undefined: until it is resumed. */
  readonly at: number;
  readonly until: number | undefined;
  /** In the words of who paused it; '' if nothing was said. */
  readonly reason: string;
}

export interface PatternResumed extends FromSource {
  readonly pattern: string;
}

export interface RetriesWaiting extends FromSource {
  /** The service, or of broadcasts the service and, in braces, an instance. */
  readonly group: string;
  /** Entries of the group that wait at this instance, in one shard, for another attempt. */
  readonly waiting: number;
}

export interface Draining extends FromSource {
  /** Handlers that run. */
  readonly running: number;
  /** Entries that were read and go back to the other instances. */
  readonly unstarted: number;
}

export interface ConnectionMade extends FromSource {
  readonly connection: LinkRole;
}

export interface ConnectionLost extends ConnectionMade {
  readonly reason: Error;
}

export interface ConnectionFailed extends ConnectionMade {
  readonly error: Error;
  /** Counts from 1 since the last success. */
  readonly attempt: number;
}

/** What is told, by name. Channels of `node:diagnostics_channel` have these names after `nestjs-redis-streams:`. */
export interface DiagnosticsMessages {
  'call.sent': CallSent;
  'call.stored': CallStored;
  /** The first reply has come. */
  'call.answered': CallAnswered;
  'call.ended': CallEnded;
  /** A reply came for a call that had ended. */
  'reply.late': LateReply;
  'event.sent': EventSent;
  'event.ended': EventEnded;
  'entry.read': EntryRead;
  'entry.started': EntryStarted;
  'entry.aborted': EntryAborted;
  'entry.ended': EntryEnded;
  'entry.retried': EntryRetried;
  'entry.dead': DeadLettered;
  /** An entry or a reply that should be sealed was refused. */
  'message.untrusted': Untrusted;
  /** Entries of an instance that died or left are ours now. */
  'entries.taken-over': TakenOver;
  /** This instance was taken for dead. */
  'lease.lost': LeaseLost;
  /** A group was lost and made anew, or a stream cannot be read. */
  'group.lost': GroupChanged;
  'group.healed': GroupChanged;
  /** An operator has paused a pattern, and this instance has applied it. */
  'pattern.paused': PatternPaused;
  'pattern.resumed': PatternResumed;
  /** So many entries wait for another attempt that this instance reads no more of the group, until some are due. */
  'retries.full': RetriesWaiting;
  'retries.eased': RetriesWaiting;
  draining: Draining;
  'connection.made': ConnectionMade;
  'connection.lost': ConnectionLost;
  'connection.failed': ConnectionFailed;
}

export type DiagnosticsName = keyof DiagnosticsMessages;
