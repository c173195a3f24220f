// What we want to reach, with all guarantees on: the one place where it is written down.
import type { Key, Load } from '../report/cells.js';
import type { Metric } from '../report/metrics.js';

/** A row of the first table: ours divided by others, the median of the ratios within a round. */
export interface Aim {
  readonly title: string;
  readonly load: Load;
  readonly metric: Metric;
  /** Who is divided. */
  readonly of: string;
  /** By whom: at least that much for calls per second, at most for the others. */
  readonly to: Readonly<Record<string, number>>;
  /** What it was before there were packs, against the first of those. */
  readonly before?: string;
}

/** A row of the second table: a figure of our own, or what it grows to. */
export interface Bound {
  readonly title: string;
  readonly most: number;
  readonly fact: Figure;
  /** The figure is divided by this one, of the same round. */
  readonly over?: Figure;
  readonly before: string;
}

/** One value of a fact. */
export interface Figure {
  readonly mode: 'growth' | 'recovery';
  readonly key: Key;
  readonly value: string;
}

/** How far one of several instances may be from an equal share. */
export const SHARE = 0.15;
/** How much more a call may cost Redis beside any number of entries that wait or are being handled. */
export const GROWTH = 0.15;
/** What an idle instance may cost Redis, in percent of a core. */
export const IDLE_PERCENT = 1;

const calls = (mode: string, concurrency: number, more: Partial<Load> = {}): Load => ({
  mode,
  load: 'closed',
  pattern: 'echo',
  payload: '100B',
  concurrency,
  instances: 1,
  ...more,
});
const inFlight = (concurrency: number) => calls('closed', concurrency);
const callers = (count: number, each: number) => calls('callers', each, { callers: count });
const events: Load = {
  mode: 'events',
  load: 'events',
  pattern: 'seen',
  payload: '100B',
  concurrency: 128,
  instances: 1,
};

/** What is asked for most often: calls per second of the default transport. */
const perSecond = (load: Load) => ({ load, metric: 'callsPerSecond', of: 'ours' }) as const;

export const AIMS: readonly Aim[] = [
  {
    title: '1 in flight, p50',
    load: inFlight(1),
    metric: 'p50ms',
    of: 'ours',
    to: { redis: 0.9, nats: 0.95, tcp: 2.1, bullmq: 0.4, floor: 1.35 },
    before: '0.97–1.0',
  },
  {
    title: '16 in flight, calls/s',
    ...perSecond(inFlight(16)),
    to: { redis: 1.6, nats: 2.2, tcp: 0.75, bullmq: 10, floor: 1.3 },
    before: '1.2–1.4',
  },
  {
    title: '128 in flight, calls/s',
    ...perSecond(inFlight(128)),
    to: { redis: 2.5, nats: 3.2, tcp: 1.4, bullmq: 22, floor: 1.7 },
    before: '1.3–1.4',
  },
  {
    title: '1,024 in flight, calls/s',
    ...perSecond(inFlight(1024)),
    to: { redis: 3.5, nats: 4, tcp: 1.9, bullmq: 13, floor: 1.6 },
    before: '1.9–2.0',
  },
  {
    title: '128 in flight, processor time per call of all processes',
    load: inFlight(128),
    metric: 'cpuPer10k',
    of: 'ours',
    to: { redis: 0.34, nats: 0.32, tcp: 0.65, bullmq: 0.04, floor: 0.65 },
    before: '0.45–0.49',
  },
  {
    title: '128 in flight, p99',
    load: inFlight(128),
    metric: 'p99ms',
    of: 'ours',
    to: { redis: 0.5, nats: 0.4, tcp: 0.8, floor: 0.5 },
    before: '0.47',
  },
  {
    title: '100 callers, one call each in flight, calls/s',
    ...perSecond(callers(100, 1)),
    to: { redis: 20, nats: 1.2 },
    before: '16',
  },
  {
    title: '10 callers, 32 each, calls/s',
    ...perSecond(callers(10, 32)),
    to: { redis: 20, nats: 3 },
  },
  {
    title: '4 services, 5 ms of I/O, 256 in flight, calls/s',
    ...perSecond(calls('instances', 256, { pattern: 'io', instances: 4 })),
    to: { redis: 4, nats: 1.5, bullmq: 6 },
    before: '3.3',
  },
  {
    title: 'events, handled/s',
    ...perSecond(events),
    to: { redis: 1.8, nats: 1.6, bullmq: 8 },
    before: '1.5',
  },
  {
    title: '10 KiB, 64 in flight, calls/s',
    ...perSecond(calls('payload', 64, { payload: '10KiB' })),
    to: { redis: 1.2, nats: 1.1, bullmq: 2.5 },
    before: '1.0',
  },
  {
    title: '100 KiB, 16 in flight, calls/s',
    ...perSecond(calls('payload', 16, { payload: '100KiB' })),
    to: { redis: 1.05, nats: 1.05, bullmq: 1.5 },
    before: '0.88',
  },
  {
    title: 'atMostOnce, 128 in flight, calls/s',
    ...perSecond(inFlight(128)),
    of: 'ours-once',
    to: { ours: 0.7 },
    before: '0.45',
  },
  {
    title: 'idempotencyKey, 128 in flight, calls/s',
    ...perSecond(inFlight(128)),
    of: 'ours-key',
    to: { ours: 0.55 },
    before: '0.34',
  },
];

const redisTime = (key: Key): Figure => ({
  mode: 'growth',
  key,
  value: 'redisMicrosecondsPerCall',
});

export const BOUNDS: readonly Bound[] = [
  {
    title: 'Redis per call, 100 callers with one call each, in µs',
    most: 22,
    fact: redisTime({ kind: 'callers', size: 100 }),
    before: '28',
  },
  {
    title: 'Redis per call, 1,000 patterns without lanes, against one pattern',
    most: 1.6,
    fact: redisTime({ kind: 'patterns', size: 1000, lane: false }),
    over: redisTime({ kind: 'patterns', size: 1, lane: false }),
    before: '3.0',
  },
  {
    title: 'Redis per call, 1,000,000 entries of backlog, against none',
    most: 1 + GROWTH,
    fact: redisTime({ kind: 'backlog', size: 1_000_000 }),
    over: redisTime({ kind: 'backlog', size: 0 }),
    before: '1.07',
  },
  {
    title: 'Redis per call, 100,000 pending, against none',
    most: 1 + GROWTH,
    fact: redisTime({ kind: 'pending', size: 100_000 }),
    over: redisTime({ kind: 'pending', size: 0 }),
    before: '1.10',
  },
  {
    title: 'from kill -9 to the first answer of what was held, in ms',
    most: 4000,
    fact: { mode: 'recovery', key: { leaseTtl: 'default' }, value: 'firstAnswerMs' },
    before: '14 100',
  },
];
