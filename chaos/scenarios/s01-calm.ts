import { scenario } from './scenario.js';

/** No fault: no call may be lost, repeated or sent again. */
export const s1 = scenario({
  name: 'S1',
  title: 'no faults',
  plan: ({ size }) => ({
    calls: size.count(200_000),
    rate: 0,
    cap: 800,
    mix: [{ weight: 1, pattern: 'work', ms: [0, 50], pad: 200 }],
    expect: { success: 1, duplicates: 0, resent: 0, packed: 0.1 },
  }),
});
