import { swallowing } from '../nemeses/network.js';
import { lookFor } from '../../tools/wait.js';
import { scenario } from './scenario.js';

const share = 0.05;

/** One answer in twenty, to any command, is swallowed and its connection cut. */
export const s8 = scenario({
  name: 'S8',
  title: 'lost answers',
  plan: ({ size }) => ({
    calls: size.count(20_000),
    rate: 200,
    cap: 800,
    proxy: true,
    mix: [
      { weight: 9, pattern: 'work', ms: [0, 20], pad: 200 },
      { weight: 1, pattern: 'keyed', ms: [0, 20], again: 3 },
    ],
    expect: {
      success: 1,
      codes: ['IDEMPOTENCY_MISMATCH/not-run'],
      duplicates: 0,
      packed: 0.1,
    },
  }),
  faults: async (context) => {
    await swallowing(context, share, () => lookFor(context.made, 900_000, 200));
  },
});
