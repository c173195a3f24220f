import { kill } from '../nemeses/instances.js';
import { pause } from '../../tools/wait.js';
import { scenario } from './scenario.js';

/**
 * Handlers compute in threads. Some of these crash, and some never stop; instances are killed meanwhile. What a thread does
 * costs nobody but the call that it computes for.
 */
export const s22 = scenario({
  name: 'S22',
  title: 'threads that crash or do not stop, and kills',
  plan: ({ size }) => ({
    calls: size.count(9000),
    rate: 150,
    cap: 1200,
    kills: size.count(20, 3),
    serverOptions: { threads: { size: 2, grace: 200, idleTimeout: 500 } },
    mix: [
      { weight: 60, pattern: 'work', ms: [0, 60] },
      { weight: 15, pattern: 'compute', ms: [0, 20] },
      // Computed once more in the same run.
      { weight: 1, pattern: 'compute', ms: [0, 20], act: 'crash' },
      // Few enough that a thread is free for most of them within their time.
      { weight: 1, pattern: 'compute', ms: [0, 0], act: 'endless', timeout: 1500 },
    ],
    expect: {
      success: 1,
      codes: ['TIMEOUT/may-have-run@1500', 'TIMEOUT/not-run@1500'],
    },
  }),
  faults: async (context) => {
    for (let i = 0; i < context.plan.kills; i++) {
      const next = pause(3000);
      await kill(context);
      await next;
    }
  },
});
