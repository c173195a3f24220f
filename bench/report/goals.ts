// What we want to reach: ours divided by the peer's, full durability on.

export type Metric = 'callsPerSecond' | 'p50ms' | 'p99ms' | 'cpuPer10k';

/** Larger is better only here. */
export const largerIsBetter = (metric: Metric) => metric === 'callsPerSecond';

/**
 * By the name of the load and the metric; at least that much where larger is better, else at most.
 */
export const GOALS: Readonly<Record<string, Partial<Record<Metric, Record<string, number>>>>> = {
  '1 in flight': { p50ms: { redis: 0.9, nats: 1.0, tcp: 2.4, bullmq: 0.35, floor: 1.4 } },
  '16 in flight': {
    callsPerSecond: { redis: 1.5, nats: 1.4, tcp: 0.55, bullmq: 7, floor: 0.95 },
  },
  '128 in flight': {
    callsPerSecond: { redis: 1.8, nats: 1.8, tcp: 0.95, bullmq: 10, floor: 0.95 },
    cpuPer10k: { redis: 0.42, nats: 0.5, tcp: 0.85, bullmq: 0.08, floor: 1.0 },
  },
  '1024 in flight': {
    callsPerSecond: { redis: 3.0, nats: 2.3, tcp: 1.4, bullmq: 12, floor: 1.0 },
  },
  '256 in flight, 4 services': { callsPerSecond: { redis: 3.5, nats: 1.2, bullmq: 5 } },
  '64 in flight, 10KiB': { callsPerSecond: { redis: 1.2, nats: 1.2, bullmq: 4 } },
  '16 in flight, 100KiB': { callsPerSecond: { redis: 1.0, nats: 1.1, bullmq: 4 } },
  events: { callsPerSecond: { redis: 1.3, nats: 0.8, bullmq: 4 } },
};

/** How far one of four instances may be from an equal share, and what an idle one may cost Redis. */
export const SHARE = 0.15;
export const GROWTH = 0.15;
export const IDLE_PERCENT = 1;
