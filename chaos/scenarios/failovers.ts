// What the scenarios with failovers, S9 and S10, have in common.
import type { Expectations, Plan } from '../fleet/plan.js';
import type { Size } from '../kit/size.js';

/** What a replica had not received is lost, and nothing else. */
const LOSSES: Expectations = {
  success: 1,
  codes: ['INTERRUPTED/may-have-run', 'REPLY_LOST/may-have-run', 'TIMEOUT/may-have-run'],
  excused: true,
  answered: 0.99,
  resumeWithin: 5000,
};

/**
 * Nothing that counts as stored is lost. While a master has no replica, nothing counts: after each failover until the
 * former master is back.
 */
const NO_LOSSES: Expectations = {
  success: 1,
  codes: ['INTERRUPTED/may-have-run', 'REDIS/may-have-run', 'REDIS/not-run'],
  excused: true,
};

export const failovers = (size: Size) =>
  ({
    calls: size.count(40_000),
    rate: 300,
    cap: 1600,
    rounds: size.count(10, 1),
    mix: [
      { weight: 4, pattern: 'work', ms: [0, 50], pad: 200 },
      { weight: 1, pattern: 'once', ms: [0, 50] },
    ],
    expect: LOSSES,
  }) satisfies Plan & { rounds: number };

/** The same, and everything that counts as stored is on a replica. */
export const keptFailovers = (size: Size) => {
  const replicas = { count: 1 };
  const kept = { replicas, serverOptions: { replicas }, clientOptions: { replicas } };
  return { ...failovers(size), ...kept, expect: NO_LOSSES } satisfies Plan & { rounds: number };
};
