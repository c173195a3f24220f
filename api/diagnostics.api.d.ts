// What nestjs-redis-streams/diagnostics exports. Printed by `npm run api`, and compared in CI.

import type { CallOutcome, LinkRole, RedisStreamsErrorCode } from 'nestjs-redis-streams';

export type AbortReason = 'deadline' | 'cancelled' | 'fenced' | 'closing';

export declare const CHANNEL_PREFIX = 'nestjs-redis-streams:';

export interface CallAnswered extends CallDiagnostics {
  readonly instance: string;
  readonly deliveryCount: number;
  readonly took: number;
}

export interface CallDiagnostics extends FromSource {
  readonly pattern: string;
  readonly callId: string;
}

export interface CallEnded extends CallDiagnostics {
  readonly result: 'answered' | 'failed' | 'refused';
  readonly code: RedisStreamsErrorCode | undefined;
  readonly outcome: CallOutcome | undefined;
  readonly replies: number;
  readonly took: number;
}

export interface CallSent extends CallDiagnostics {
  readonly timeout: number;
  readonly size: number;
}

export interface CallStored extends CallDiagnostics {
  readonly entry: string;
  readonly took: number;
}

export interface ConnectionFailed extends ConnectionMade {
  readonly error: Error;
  readonly attempt: number;
}

export interface ConnectionLost extends ConnectionMade {
  readonly reason: Error;
}

export interface ConnectionMade extends FromSource {
  readonly connection: LinkRole;
}

export declare const DIAGNOSTICS: readonly DiagnosticsName[];

export interface DeadLettered extends EntryDiagnostics {
  readonly letter: string;
  readonly reason: string;
  readonly detail: string;
}

export interface DiagnosticsMessages {
  'call.sent': CallSent;
  'call.stored': CallStored;
  'call.answered': CallAnswered;
  'call.ended': CallEnded;
  'reply.late': LateReply;
  'event.sent': EventSent;
  'event.ended': EventEnded;
  'entry.read': EntryRead;
  'entry.started': EntryStarted;
  'entry.aborted': EntryAborted;
  'entry.ended': EntryEnded;
  'entry.retried': EntryRetried;
  'entry.dead': DeadLettered;
  'message.untrusted': Untrusted;
  'entries.taken-over': TakenOver;
  'lease.lost': LeaseLost;
  'group.lost': GroupChanged;
  'group.healed': GroupChanged;
  'pattern.paused': PatternPaused;
  'pattern.resumed': PatternResumed;
  'retries.full': RetriesWaiting;
  'retries.eased': RetriesWaiting;
  draining: Draining;
  'connection.made': ConnectionMade;
  'connection.lost': ConnectionLost;
  'connection.failed': ConnectionFailed;
}

export type DiagnosticsName = keyof DiagnosticsMessages;

export interface DiagnosticsSource {
  readonly role: 'client' | 'server';
  readonly prefix: string;
  readonly group: string | undefined;
  readonly redis: string;
}

export interface Draining extends FromSource {
  readonly running: number;
  readonly unstarted: number;
}

export interface EntryAborted extends EntryDiagnostics {
  readonly reason: AbortReason;
}

export interface EntryDiagnostics extends FromSource {
  readonly pattern: string;
  readonly stream: string;
  readonly entry: string;
  readonly callId: string | undefined;
  readonly deliveries: number;
  readonly attempts: number;
}

export interface EntryEnded extends EntryDiagnostics {
  readonly result: EntryResult;
  readonly code: RedisStreamsErrorCode | undefined;
  readonly waited: number;
  readonly ran: number;
}

export interface EntryRead extends EntryDiagnostics {
  readonly inStream: number;
}

export type EntryResult =
  'answered' | 'handled' | 'failed' | 'refused' | 'retried' | 'dead' | 'left';

export interface EntryRetried extends EntryDiagnostics {
  readonly delay: number;
  readonly error: unknown;
}

export interface EntryStarted extends EntryDiagnostics {
  readonly waited: number;
}

export interface EventEnded extends FromSource {
  readonly pattern: string;
  readonly code: RedisStreamsErrorCode | undefined;
  readonly outcome: CallOutcome | undefined;
  readonly took: number;
}

export interface EventSent extends FromSource {
  readonly pattern: string;
  readonly size: number;
}

export interface FromSource {
  readonly source: DiagnosticsSource;
}

export interface GroupChanged extends FromSource {
  readonly stream: string;
  readonly group: string;
  readonly reason: string | undefined;
}

export interface LateReply extends FromSource {
  readonly instance: string;
}

export interface LeaseLost extends FromSource {
  readonly before: string;
  readonly now: string;
}

export interface PatternPaused extends FromSource {
  readonly pattern: string;
  readonly refuses: boolean;
  readonly at: number;
  readonly until: number | undefined;
  readonly reason: string;
}

export interface PatternResumed extends FromSource {
  readonly pattern: string;
}

export interface RetriesWaiting extends FromSource {
  readonly group: string;
  readonly waiting: number;
}

export interface TakenOver extends FromSource {
  readonly stream: string;
  readonly from: string;
  readonly entries: number;
  readonly oldest: number;
}

export interface Untrusted extends FromSource {
  readonly pattern: string;
  readonly callId: string | undefined;
  readonly reason: 'unproven' | 'repeated';
  readonly detail: string;
}
