import type { Row } from './points.js';
import type { Handled } from './recent.js';

/**
 * What charts show of one moment: time (ms since 1970), came and finished a second, unread, pending, oldest (ms); of handlers
 * in the last minute p50 and p99 (ms), and errors a second.
 */
export type Point = readonly [
  at: number,
  came: number | null,
  finished: number | null,
  unread: number,
  pending: number,
  oldest: number | null,
  p50: number | null,
  p99: number | null,
  errors: number | null,
];

/** Milliseconds that charts show. */
export const SHOWN = 900_000;
/** Points of a row: one every two seconds. */
const POINTS = 450;
/** Rows of which points are kept; of others only the sums are. */
const ROWS = 200;

/** What was seen in the last quarter of an hour: all rows together, and each of some. About 16 MB at most. */
export class History {
  private readonly all: Point[] = [];
  private readonly rows = new Map<string, Point[]>();

  /** @param handled what all handlers have done */
  add(at: number, rows: readonly Row[], handled?: Handled): Point {
    const sum = sumOf(at, rows, handled);
    push(this.all, sum);
    // A stream that is spread has a row in each shard.
    const groups = new Map<string, Row[]>();
    for (const row of rows) {
      const same = groups.get(nameOf(row));
      if (same === undefined) groups.set(nameOf(row), [row]);
      else same.push(row);
    }
    for (const [name, same] of groups) {
      const points = this.rows.get(name) ?? [];
      if (points.length === 0 && this.rows.size >= ROWS) continue;
      push(points, sumOf(at, same, same[0]?.handled));
      this.rows.set(name, points);
    }
    for (const [name, points] of this.rows) {
      if ((points.at(-1)?.[0] ?? 0) < at - SHOWN) this.rows.delete(name);
    }
    return sum;
  }

  total(now: number): readonly Point[] {
    return recent(this.all, now);
  }

  of(stream: string, group: string, now: number): readonly Point[] {
    return recent(this.rows.get(`${group} ${stream}`) ?? [], now);
  }
}

const nameOf = ({ stream, group }: Row): string => `${group} ${stream}`;

const recent = (points: readonly Point[], now: number): Point[] =>
  points.filter(([at]) => at >= now - SHOWN);

function push(points: Point[], point: Point): void {
  points.push(point);
  if (points.length > POINTS) points.shift();
}

/**
 * Every entry that comes is counted once, however many groups read it.
 * @param handled what the handlers of these rows have done
 */
export function sumOf(at: number, rows: readonly Row[], handled?: Handled): Point {
  const came = new Map<string, number>();
  let finished: number | null = null;
  let oldest: number | null = null;
  let [unread, pending] = [0, 0];
  for (const row of rows) {
    if (row.in !== undefined) came.set(`${row.shard} ${row.stream}`, row.in);
    if (row.out !== undefined) finished = (finished ?? 0) + row.out;
    unread += row.unread;
    pending += row.pending;
    if (row.oldest !== undefined) oldest = Math.max(oldest ?? 0, row.oldest);
  }
  const sum = [...came.values()].reduce((total, one) => total + one, 0);
  return [
    at,
    came.size === 0 ? null : tenth(sum),
    finished === null ? null : tenth(finished),
    unread,
    pending,
    oldest,
    ...lately(handled),
  ];
}

function lately(handled: Handled | undefined): [number | null, number | null, number | null] {
  if (handled?.isRecent !== true) return [null, null, null];
  const { p50 = null, p99 = null, errors, over } = handled;
  return [p50, p99, tenth(errors / Math.max(1, over / 1000))];
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
