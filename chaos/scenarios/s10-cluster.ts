import { askFailover, freezePrimary, killPrimary } from '../nemeses/failover.js';
import {
  addMaster,
  cutBus,
  cutSubscriptions,
  moveSlot,
  moveSlowly,
} from '../nemeses/resharding.js';
import { pause } from '../../tools/wait.js';
import { failovers, keptFailovers } from './failovers.js';
import type { Plan } from '../fleet/plan.js';
import { scenario, type Context } from './scenario.js';

type Rounds = Plan & { readonly rounds: number };

async function faults(context: Context<Rounds>): Promise<void> {
  const { plan, random } = context;
  const between = () => pause(random.int(1000, 2000));
  for (let round = 0; round < plan.rounds; round++) {
    for (const act of [askFailover, moveSlot, cutSubscriptions, addMaster, moveSlowly]) {
      await between();
      await act(context);
    }
    await between();
    await cutBus(context, 10);
    for (const act of [killPrimary, freezePrimary]) {
      await between();
      await act(context);
    }
  }
  await pause(5000);
}

/**
 * A Cluster of three masters: planned failovers, a slot that moves there and back, at once and slowly, a master that
 * joins and leaves, cut messages, `kill -9` and a master that stands still.
 */
export const s10 = scenario({
  name: 'S10',
  title: 'failovers and moved slots of a Cluster',
  plan: ({ size }) => ({ ...failovers(size), cluster: true }),
  faults,
});

/** The same, where what counts as stored is on a replica. */
export const s10kept = scenario({
  name: 'S10W',
  title: 'failovers and moved slots of a Cluster, with replicas: { count: 1 }',
  plan: ({ size }) => ({ ...keptFailovers(size), cluster: true }),
  faults,
});
