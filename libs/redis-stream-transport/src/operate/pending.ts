/** An entry that an instance holds, or that waits for another attempt. */
export interface PendingEntry {
  readonly service: string;
  /** The group: the service, or of broadcasts the service and, in braces, an instance. */
  readonly group: string;
  readonly stream: string;
  readonly pattern: string;
  /** Id of the entry, whose first part is the time at which it was stored. */
  readonly entry: string;
  /** Ids of its calls, as logs have them; none for an event, several for a pack. */
  readonly calls: readonly string[];
  /**
   * - `held`: an instance that lives has it; it runs, or waits there for a slot, which Redis does not know.
   * - `retry`: it waits for another attempt, at `dueAt`.
   * - `orphaned`: the instance that has it does not live; another one will take it over.
   * - `started`: it may be started once only, and was.
   */
  readonly state: 'held' | 'retry' | 'orphaned' | 'started';
  /** The consumer that has it. */
  readonly consumer: string;
  /** Host and process id of that consumer. */
  readonly instance: string;
  /** Milliseconds since it was stored. */
  readonly age: number;
  /** Milliseconds since it was handed to that consumer; undefined for `started`. */
  readonly heldFor: number | undefined;
  /** How often it was handed to a consumer. */
  readonly deliveries: number;
  /** How often handlers were tried and failed, of a pack the call with the most. */
  readonly attempts: number;
  /** When the next attempt is due, in milliseconds since 1970 by Redis' clock; undefined: none is planned. */
  readonly dueAt: number | undefined;
}

/** Which of them are meant. */
export interface PendingFilter {
  readonly service?: string;
  readonly pattern?: string;
  /** Milliseconds since they were stored, at least. */
  readonly olderThan?: number;
}

export interface PendingPage {
  /** The oldest first. */
  readonly entries: readonly PendingEntry[];
  /** There are more that fit, beyond the limit. */
  readonly more: boolean;
}
