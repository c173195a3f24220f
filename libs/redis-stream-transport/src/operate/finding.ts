/** Something about a deployment that somebody should look at. */
export interface Finding {
  /** `error`: calls or events are lost, refused or not handled; `warning`: they may be; `note`: nothing is wrong. */
  readonly severity: 'error' | 'warning' | 'note';
  /** Names the kind of finding; it does not change. */
  readonly code: FindingCode;
  /** What it is about: a server, a service, a stream, a key. */
  readonly about: string;
  /** What was found. */
  readonly found: string;
  /** What to do about it. */
  readonly advice: string;
}

export type FindingCode =
  | 'EVICTION'
  | 'EVICTED'
  | 'OLD_SERVER'
  | 'MIXED_SERVERS'
  | 'NOT_MASTER'
  | 'NO_PERSISTENCE'
  | 'PERSISTENCE_FAILS'
  | 'NO_REPLICA'
  | 'NO_MEMORY_LIMIT'
  | 'MEMORY'
  | 'CONNECTIONS'
  | 'CLOCK'
  | 'UNREAD_STREAM'
  | 'NO_INSTANCE'
  | 'ABANDONED_GROUP'
  | 'UNREGISTERED_GROUP'
  | 'BEHIND'
  | 'OVERDUE'
  | 'BACKLOG'
  | 'RETRIES_FULL'
  | 'DEAD_LETTERS'
  | 'DEAF_INSTANCE'
  | 'WRONG_TYPE'
  | 'STRANGE_KEYS'
  | 'CONTRACT_DRIFT'
  | 'MIXED_VERSIONS'
  | 'MIXED_LIBRARIES'
  | 'PAUSED'
  | 'INCOMPLETE';

const ORDER = { error: 0, warning: 1, note: 2 } as const;

/** The worst first; otherwise in the order in which they were found. */
export const worstFirst = (findings: readonly Finding[]): Finding[] =>
  findings.toSorted((one, other) => ORDER[one.severity] - ORDER[other.severity]);
