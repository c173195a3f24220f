import { patternStatistics, type PatternStatistics } from '../../operate/index.js';
import { serviceOf } from '../../operate/stream-reader.js';
import type { TopLook } from './watch.js';

/** A pattern, or lane, and a service. */
export interface PatternRow {
  readonly pattern: string;
  /** The group; of broadcasts with the instance in braces. Empty: nobody reads it. */
  readonly group: string;
  /** Entries that came a second, and that were finished; undefined after one look only, or where Redis does not know. */
  readonly in: number | undefined;
  readonly out: number | undefined;
  readonly unread: number;
  readonly pending: number;
  /** Of these, those that wait for another attempt. */
  readonly waiting: number;
  /** Entries that are due later, and are not in the stream yet; undefined: that is said of its lane. */
  readonly scheduled: number | undefined;
  /** Milliseconds since the oldest entry came that is not finished. */
  readonly oldest: number | undefined;
  readonly instances: number | undefined;
  /** What the instances have done; undefined: none of them says so, or nothing was called. */
  readonly done: PatternStatistics | undefined;
}

/** An instance of a service. */
export interface InstanceRow {
  readonly service: string;
  readonly deadLetters: number;
  /** Empty: the service has none. */
  readonly instance: string;
  /** Handlers that run, and entries that wait for a slot; undefined: it did not answer. */
  readonly running: number | undefined;
  readonly waiting: number | undefined;
  readonly leaseFor: number;
  readonly version: string;
  readonly isPaused: boolean;
}

/**
 * What is known of patterns.
 *
 * @param before the last look, for rates
 * @param since an earlier one, since when the instances' work counts; undefined: since they were started
 */
export function patternRows(now: TopLook, before?: TopLook, since?: TopLook): PatternRow[] {
  const all = patternStatistics(now.statistics, since?.statistics);
  const done = new Map(all.map((one) => [keyOf(one.service, one.pattern), one]));
  const earlier = totalsOf(before);
  const seconds = before === undefined ? 0 : Math.max(0.05, (now.at - before.at) / 1000);
  const rate = (one: number | undefined, other: number | undefined): number | undefined =>
    one === undefined || other === undefined ? undefined : Math.max(0, (one - other) / seconds);
  const rows: PatternRow[] = [];
  const met = new Set<string>();
  for (const backlog of now.overview.backlog.streams) {
    const { stream, shard, length, added, scheduled, groups } = backlog;
    const last = earlier.get(`${shard} ${stream}`);
    const came = rate(added, last?.added);
    if (groups.length === 0) {
      const none = { pending: 0, waiting: 0, oldest: undefined, instances: 0 };
      rows.push({
        ...{ pattern: stream, group: '', in: came, out: undefined, done: undefined, ...none },
        ...{ unread: length, scheduled },
      });
    }
    for (const { group, given, pending, running, unread, retries, ...rest } of groups) {
      const key = keyOf(serviceOf(group), stream);
      met.add(key);
      const finished = given === undefined ? undefined : given - pending;
      rows.push({
        ...{ pattern: stream, group, in: came, out: rate(finished, last?.finished.get(group)) },
        ...{ unread, pending: pending + running, waiting: retries, oldest: rest.oldestFor },
        ...{ scheduled, instances: rest.instances, done: done.get(key) },
      });
    }
  }
  for (const [key, one] of done) if (!met.has(key)) rows.push(inLane(one));
  return rows;
}

/** A pattern without a stream of its own: what Redis knows is said of its lane. */
const inLane = (done: PatternStatistics): PatternRow => ({
  ...{ pattern: done.pattern, group: done.service, in: undefined, out: undefined, unread: 0 },
  ...{
    pending: 0,
    waiting: 0,
    scheduled: undefined,
    oldest: undefined,
    instances: undefined,
    done,
  },
});

/** Counters that only grow, by stream: entries that came, and that each group has finished. */
function totalsOf(look: TopLook | undefined) {
  const streams = look?.overview.backlog.streams ?? [];
  return new Map(
    streams.map(({ shard, stream, added, groups }) => {
      const finished = new Map(
        groups.map(({ group, given, pending }) => [
          group,
          given === undefined ? undefined : given - pending,
        ]),
      );
      return [`${shard} ${stream}`, { added, finished }] as const;
    }),
  );
}

export function instanceRows({ overview, statistics }: TopLook): InstanceRow[] {
  const said = new Map(statistics.instances.map((one) => [one.consumer, one]));
  return overview.services.flatMap(({ service, instances }): InstanceRow[] => {
    const deadLetters = overview.backlog.deadLetters[service] ?? 0;
    const none = { running: undefined, waiting: undefined, leaseFor: 0, version: '' };
    if (instances.length === 0) {
      return [{ service, deadLetters, instance: '', ...none, isPaused: false }];
    }
    return instances.map(({ name, consumers, leaseFor, facts, paused }) => {
      const one = consumers.map((consumer) => said.get(consumer)).find(Boolean);
      const work = { running: one?.running, waiting: one?.waiting, leaseFor };
      const version = facts?.library ?? '?';
      return {
        ...{ service, deadLetters, instance: name },
        ...work,
        ...{ version, isPaused: paused !== undefined },
      };
    });
  });
}

const keyOf = (service: string, pattern: string): string => JSON.stringify([service, pattern]);
