/** What is left for one group in one stream. */
export interface GroupBacklog {
  /** The service; of broadcasts its name and, in braces, an instance. */
  readonly group: string;
  /** Instances of the service that live, in this shard. */
  readonly instances: number;
  /** Entries that it was not given yet. From 10 on it is what Redis believes; 10 if it does not know. */
  readonly unread: number;
  /** Entries that were handed to instances and are not finished; those that wait for another attempt among them. */
  readonly pending: number;
  /** Entries, or calls of packs, that wait for another attempt, of about 10,000 at most. */
  readonly retries: number;
  /** At-most-once entries that were started and have not ended, of about 10,000 at most. */
  readonly running: number;
  /** Milliseconds since the oldest entry came that it has not finished; undefined: it has finished all. */
  readonly oldestFor: number | undefined;
  /**
   * Entries that it was ever given, of which it has finished all but `pending`: two looks tell how many it finishes a
   * second. Undefined: Redis does not know, because unread entries were deleted.
   */
  readonly given: number | undefined;
}

/** What is left in one stream: of a pattern, or of a lane. */
export interface StreamBacklog {
  readonly stream: string;
  readonly shard: number;
  /** Entries that it holds, among them handled ones that are kept. */
  readonly length: number;
  /** Entries that ever came: two looks tell how many come in a second. */
  readonly added: number;
  /** Milliseconds since the last entry came; undefined if none ever did. */
  readonly quietFor: number | undefined;
  /** Entries that are due later, and are not in it yet. */
  readonly scheduled: number;
  /** Milliseconds since the first of these was due; undefined: none is due. An instance that lives adds them within a moment. */
  readonly overdueFor: number | undefined;
  /** None: nobody reads the stream, and everything in it is left. */
  readonly groups: readonly GroupBacklog[];
}

/** What is left in a place: a prefix in a Redis or in a Cluster. */
export interface Backlog {
  /** The number of shards, as the first start noted it. */
  readonly shards: number;
  /** By name; those in which nothing is left are among them. */
  readonly streams: readonly StreamBacklog[];
  /** How many dead letters there are, by group; groups without any are left out. */
  readonly deadLetters: Readonly<Record<string, number>>;
  /** Clients that have called since they connected and are still there. Those that only emit are not seen. */
  readonly callers: number;
}

/**
 * Why a place is not drained, one line each; none: it is.
 * @param quiet as of `isDrained`
 */
export function leftIn(backlog: Backlog, quiet = 60_000): string[] {
  const lines = backlog.streams.flatMap((stream) => leftInStream(stream, quiet));
  for (const [group, count] of Object.entries(backlog.deadLetters)) {
    lines.push(`dead letters of ${group}: ${count}`);
  }
  if (backlog.callers > 0) lines.push(`callers that are still there: ${backlog.callers}`);
  return lines;
}

/**
 * Whether nothing is left in a place, and nobody sends there any more: no entry that a service has not finished or that is due
 * later, no dead letter, no caller, and no entry that came within the last milliseconds.
 *
 * @param quiet milliseconds, 60,000 unless given: for so long no entry may have come, because clients that only emit
 * are not seen
 */
export function isDrained(backlog: Backlog, quiet?: number): boolean {
  return leftIn(backlog, quiet).length === 0;
}

function leftInStream(
  { stream, length, scheduled, quietFor, groups }: StreamBacklog,
  quiet: number,
): string[] {
  const lines = groups.flatMap(({ group, instances, ...counts }) => {
    const { unread, pending, retries, running } = counts;
    if (unread + pending + running === 0) return [];
    const waiting = retries === 0 ? '' : ` (${retries} wait for another attempt)`;
    const started = running === 0 ? '' : `, ${running} running`;
    const served = instances === 0 ? '; no instance of it lives' : '';
    return [
      `${stream}: ${group} has ${unread} unread, ${pending} pending${waiting}${started}${served}`,
    ];
  });
  if (groups.length === 0 && length > 0)
    lines.push(`${stream}: entries that nobody reads: ${length}`);
  if (scheduled > 0) lines.push(`${stream}: entries that are due later: ${scheduled}`);
  if (lines.length === 0 && quietFor !== undefined && quietFor < quiet) {
    lines.push(`${stream}: an entry came ${(quietFor / 1000).toFixed(1)} s ago`);
  }
  return lines;
}
