/** An event or a call that is due later, and is in no stream yet. */
export interface ScheduledEntry {
  /** As `cancelScheduled` takes it: the message id of an event, or what `onStored` was told; of a call its call id. */
  readonly id: string;
  /** `unreadable`: others have written it. It becomes a dead letter when it is due. */
  readonly kind: 'event' | 'call' | 'unreadable';
  readonly pattern: string;
  /** To which it will be added: the pattern, or its lane. */
  readonly stream: string;
  readonly shard: number;
  /** When it is due, in milliseconds since 1970 by Redis' clock. */
  readonly dueAt: number;
  /** Milliseconds since it was due; undefined: it is not due yet. */
  readonly overdueFor: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The data, if it is JSON that may be parsed. */
  readonly data: unknown;
  /** The data as it stands in the entry; undefined where there is none. */
  readonly text: string | undefined;
}

/** Which of them are meant. */
export interface ScheduledFilter {
  readonly pattern?: string;
  /** Due then or later, in milliseconds since 1970 by Redis' clock. */
  readonly dueFrom?: number;
  /** Due before then. */
  readonly dueBefore?: number;
  /** Only those that are due already. */
  readonly overdue?: boolean;
}

export interface ScheduledPage {
  /** What is due first comes first. */
  readonly entries: readonly ScheduledEntry[];
  /** There are more that fit, beyond the limit. */
  readonly more: boolean;
}

/** What waits for one stream. */
export interface ScheduledCount {
  readonly stream: string;
  readonly shard: number;
  readonly count: number;
  /** When the first is due, in milliseconds since 1970 by Redis' clock. */
  readonly nextAt: number;
  /** Milliseconds since that; undefined: it is not due yet. */
  readonly overdueFor: number | undefined;
}
