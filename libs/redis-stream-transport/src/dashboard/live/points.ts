import type { Overview } from '../../operate/index.js';
import { NOTHING_KNOWN, type Handled, type HandledBy } from './recent.js';

/** What is known of one group of a stream at one moment; of a stream without groups, its group is empty. */
export interface Row {
  readonly stream: string;
  readonly shard: number;
  readonly group: string;
  readonly unread: number;
  readonly pending: number;
  readonly retries: number;
  /** Entries that are due later, and are not in the stream yet. */
  readonly scheduled: number;
  /** Milliseconds since the oldest entry came that is not finished. */
  readonly oldest: number | undefined;
  readonly instances: number;
  /** Entries that came a second, and that the group finished; undefined after one look only. */
  readonly in: number | undefined;
  readonly out: number | undefined;
  /** What its handlers have done, as instances say; undefined: nothing, or no instance has answered. */
  readonly handled: Handled | undefined;
}

/** A look at Redis as the page gets it. */
export interface Look extends Overview {
  /** Milliseconds since 1970 by the clock of this process. */
  readonly at: number;
  /** How long the look took. */
  readonly took: number;
  readonly rows: readonly Row[];
  /** Rows that were left out, because there are too many. */
  readonly leftOut: number;
  /** What all handlers have done. */
  readonly handled: Handled | undefined;
  /** Instances that did not say what they have done. */
  readonly silent: number;
}

/** Rows that the page gets; those where something waits come first. */
const ROWS = 1000;

/** Totals that only grow: entries that came, and that were finished. */
interface Counters {
  readonly added: number;
  readonly finished: number | undefined;
}

/** Turns one look after another into rows with rates. */
export class Rates {
  private last:
    { readonly at: number; readonly counters: ReadonlyMap<string, Counters> } | undefined;

  /** @param at monotonic time of the look, in milliseconds */
  rowsOf(
    { backlog }: Overview,
    at: number,
    handled: HandledBy = NOTHING_KNOWN,
  ): { rows: Row[]; leftOut: number } {
    const counters = new Map<string, Counters>();
    const rows: Row[] = [];
    for (const { stream, shard, length, added, scheduled, groups } of backlog.streams) {
      const none = { group: '', instances: 0, unread: length, pending: 0, running: 0, retries: 0 };
      const read =
        groups.length > 0 ? groups : [{ ...none, oldestFor: undefined, given: undefined }];
      for (const { group, unread, pending, running, given, oldestFor, ...rest } of read) {
        const name = `${shard} ${group} ${stream}`;
        const finished = given === undefined ? undefined : given - pending;
        counters.set(name, { added, finished });
        rows.push({
          ...{ stream, shard, group, unread, pending: pending + running, oldest: oldestFor },
          ...{ retries: rest.retries, scheduled, instances: rest.instances },
          ...this.ratesOf(name, { added, finished }, at),
          handled: handled.of(serviceOf(group), patternOf(stream, backlog.shards)),
        });
      }
    }
    this.last = { at, counters };
    rows.sort(longestFirst);
    return { rows: rows.slice(0, ROWS), leftOut: Math.max(0, rows.length - ROWS) };
  }

  private ratesOf(name: string, now: Counters, at: number) {
    const { last } = this;
    const before = last?.counters.get(name);
    if (last === undefined || before === undefined) return { in: undefined, out: undefined };
    const seconds = Math.max(0.05, (at - last.at) / 1000);
    const rate = (one: number | undefined, other: number | undefined): number | undefined =>
      one === undefined || other === undefined ? undefined : Math.max(0, (one - other) / seconds);
    return { in: rate(now.added, before.added), out: rate(now.finished, before.finished) };
  }
}

/** The group of a broadcast has its instance in braces. */
const serviceOf = (group: string): string => group.replace(/\{.*$/s, '');

/** Streams of a spread pattern have a number, in all shards but its own. */
const patternOf = (stream: string, shards: number): string =>
  shards > 1 ? stream.replace(/\|\d+$/, '') : stream;

const longestFirst = (one: Row, other: Row): number =>
  (other.oldest ?? -1) - (one.oldest ?? -1) ||
  other.unread + other.pending - (one.unread + one.pending) ||
  (one.stream < other.stream ? -1 : 1);
