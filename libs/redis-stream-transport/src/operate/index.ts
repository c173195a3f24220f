export {
  isDrained,
  leftIn,
  type Backlog,
  type GroupBacklog,
  type StreamBacklog,
} from './backlog.js';
export type {
  CallTrace,
  TracedEntry,
  TracedGroup,
  TracedLetter,
  TracedReply,
} from './call-trace.js';
export type { ConnectedCaller } from './callers.js';
export { diagnose } from './diagnose.js';
export { explainCall, type ExplainOptions } from './explain-call.js';
export { explainEntry, type EntryTrace } from './explain-entry.js';
export { explainMessage, type MessageTrace, type SentMessage } from './explain-message.js';
export { explainHeader, type HeaderTrace, type WantedHeader } from './explain-header.js';
export type { Finding, FindingCode } from './finding.js';
export type { InstanceFacts } from './instance-facts.js';
export { KeptConnections } from './kept-connections.js';
export type { PendingEntry, PendingFilter, PendingPage } from './pending.js';
export { readShards, type Whereabouts } from './place.js';
export { pauseInstance, pausePattern, resumeInstance, resumePattern } from './pause.js';
export type {
  InstancePauseRequest,
  PatternPauseRequest,
  Paused,
  PausedInstance,
  PausedPattern,
  PauseRequest,
  PauseResult,
} from './paused.js';
export { readPaused } from './read-paused.js';
export { readBacklog, readDeadLetters } from './read-backlog.js';
export { readOverview, readServers, type Overview } from './read-overview.js';
export { readPending } from './read-pending.js';
export { countScheduled, findScheduled, readScheduled } from './read-scheduled.js';
export { readSenders, type SendersOptions } from './read-senders.js';
export type { Sender, Senders } from './senders.js';
export { readServices } from './read-services.js';
export { readStatistics, type StatisticsOptions } from './read-statistics.js';
export type { Buckets } from '../protocol/durations.js';
export type {
  ScheduledCount,
  ScheduledEntry,
  ScheduledFilter,
  ScheduledPage,
} from './scheduled.js';
export type { ServerFacts } from './servers.js';
export {
  patternStatistics,
  totalStatistics,
  type HandledTotals,
  type InstanceStatistics,
  type PatternCounts,
  type PatternStatistics,
  type Statistics,
} from './statistics.js';
export { TimeLimit, type Unlooked } from './time-limit.js';
export { withdrawScheduled } from './withdraw-scheduled.js';
export type { AnsweredPattern, LiveInstance, LiveService } from './services.js';
