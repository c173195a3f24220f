import { askFailover, freezePrimary, killBeforeReplica, killPrimary } from '../nemeses/failover.js';
import { pause } from '../../tools/wait.js';
import { failovers, keptFailovers } from './failovers.js';
import type { Plan } from '../fleet/plan.js';
import { scenario, type Context } from './scenario.js';

type Rounds = Plan & { readonly rounds: number };

async function faults(context: Context<Rounds>): Promise<void> {
  for (let round = 0; round < context.plan.rounds; round++) {
    for (const act of [askFailover, killPrimary, freezePrimary, killBeforeReplica]) {
      await pause(context.random.int(1000, 2000));
      await act(context);
    }
  }
  await pause(5000);
}

/** Failovers of Sentinel: asked for, after `kill -9`, of a master that stands still, and to a replica that is behind. */
export const s9 = scenario({
  name: 'S9',
  title: 'failovers of Sentinel',
  plan: ({ size }) => ({ ...failovers(size), sentinels: true }),
  faults,
});

/** The same, where what counts as stored is on the replica. */
export const s9kept = scenario({
  name: 'S9W',
  title: 'failovers of Sentinel, with replicas: { count: 1 }',
  plan: ({ size }) => ({ ...keptFailovers(size), sentinels: true }),
  faults,
});
