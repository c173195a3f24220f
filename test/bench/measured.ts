import type { Aim } from '../../bench/aims/aims.js';
import type { Cell, Load } from '../../bench/report/cells.js';

export const load: Load = {
  mode: 'closed',
  load: 'closed',
  pattern: 'echo',
  payload: '100B',
  concurrency: 128,
  instances: 1,
};

/** A measurement in which nothing went wrong. */
export const cell = (peer: string, round: number, more: Partial<Cell> = {}): Cell => ({
  ...load,
  peer,
  round,
  seconds: 1,
  calls: 1000,
  callsPerSecond: 1000,
  p50ms: 1,
  p99ms: 2,
  p999ms: 3,
  maxMs: 4,
  cpuPer10k: 1,
  cpu: { client: 0.4, service: 0.4, broker: 0.2 },
  rssMb: { client: 100, service: 100, broker: 10 },
  errors: 0,
  skipped: 0,
  unanswered: 0,
  perService: [1000],
  ...more,
});

/** At least twice the calls of Nest's Redis transport, three times those of NATS. */
export const aim: Aim = {
  title: 'calls of the test',
  load,
  metric: 'callsPerSecond',
  of: 'ours',
  to: { redis: 2, nats: 3 },
  before: '1.4',
};
