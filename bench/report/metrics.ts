// What two peers are compared by.

export type Metric = 'callsPerSecond' | 'p50ms' | 'p99ms' | 'cpuPer10k';

export const METRICS: readonly Metric[] = ['callsPerSecond', 'p50ms', 'p99ms', 'cpuPer10k'];

export const TITLES: Readonly<Record<Metric, string>> = {
  callsPerSecond: 'calls/s',
  p50ms: 'p50',
  p99ms: 'p99',
  cpuPer10k: 'CPU per call',
};

/** Of the others, less is better. */
export const largerIsBetter = (metric: Metric) => metric === 'callsPerSecond';
