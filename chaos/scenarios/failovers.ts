// What the scenarios with failovers, S9 and S10, have in common.
import type { Plan } from '../fleet/plan.js';
import type { Size } from '../kit/size.js';

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
    expect: {
      success: 1,
      codes: ['INTERRUPTED/may-have-run', 'REPLY_LOST/may-have-run', 'TIMEOUT/may-have-run'],
      answered: 0.99,
      resumeWithin: 5000,
    },
  }) satisfies Plan & { rounds: number };
