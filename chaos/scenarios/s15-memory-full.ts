import { fillMemory } from '../nemeses/server.js';
import { pause } from '../../tools/wait.js';
import { scenario } from './scenario.js';

/** Memory is full: running calls end, and new calls are refused at once as `not-run`. */
export const s15 = scenario({
  name: 'S15',
  title: 'maxmemory reached',
  plan: ({ size }) => ({
    calls: size.count(20_000, 6000),
    rate: 400,
    cap: 800,
    fullFor: size.time(30_000, 6000),
    mix: [{ weight: 1, pattern: 'work', ms: [0, 500], pad: 200 }],
    expect: {
      success: 1,
      codes: ['REDIS/not-run'],
      duplicates: 0,
      refusedWithin: 100,
      resumeWithin: 2000,
    },
  }),
  faults: async (context) => {
    await pause(3000);
    await fillMemory(context, context.plan.fullFor);
    await pause(4000);
  },
});
