import { scenario } from './scenario.js';

/** Half of the calls are cancelled (at once, while they wait, or while they run) or have a short timeout. */
export const s17 = scenario({
  name: 'S17',
  title: 'calls that nobody waits for',
  plan: ({ size }) => ({
    calls: size.count(1_000_000),
    rate: 0,
    cap: 1000,
    clientOptions: { maxPending: 20_000 },
    mix: [
      { weight: 50, pattern: 'work', ms: [0, 10] },
      { weight: 20, pattern: 'work', ms: [0, 10], cancel: 'same-turn' },
      { weight: 20, pattern: 'work', ms: [0, 10], cancel: [0, 60] },
      { weight: 10, pattern: 'work', ms: [0, 10], timeout: 60 },
    ],
    expect: {
      success: 1,
      codes: ['TIMEOUT/not-run', 'TIMEOUT/may-have-run'],
      duplicates: 0,
      packed: 0.1,
    },
  }),
});
