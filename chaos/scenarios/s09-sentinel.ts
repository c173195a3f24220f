import { askFailover, freezePrimary, killPrimary } from '../nemeses/failover.js';
import { pause } from '../../tools/wait.js';
import { failovers } from './failovers.js';
import { scenario } from './scenario.js';

/** Failovers of Sentinel: asked for, after `kill -9`, and of a master that stands still. */
export const s9 = scenario({
  name: 'S9',
  title: 'failovers of Sentinel',
  plan: ({ size }) => ({ ...failovers(size), sentinels: true }),
  faults: async (context) => {
    for (let round = 0; round < context.plan.rounds; round++) {
      for (const act of [askFailover, killPrimary, freezePrimary]) {
        await pause(context.random.int(1000, 2000));
        await act(context);
      }
    }
    await pause(5000);
  },
});
