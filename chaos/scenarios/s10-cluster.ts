import {
  clusterFailover,
  cutBus,
  cutSubscriptions,
  freezeOwner,
  killOwner,
  moveSlot,
} from '../nemeses/failover.js';
import { pause } from '../../tools/wait.js';
import { scenario } from './scenario.js';

/** A Cluster of three masters: planned failovers, moved slots, cut messages, `kill -9` and a master that stands still. */
export const s10 = scenario({
  name: 'S10',
  title: 'failovers and moved slots of a Cluster',
  plan: ({ size }) => ({
    calls: size.count(40_000),
    rate: 300,
    cap: 1600,
    rounds: size.count(10, 1),
    cluster: true,
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
  }),
  faults: async (context) => {
    const { plan, random } = context;
    const between = () => pause(random.int(1000, 2000));
    for (let round = 0; round < plan.rounds; round++) {
      for (const act of [clusterFailover, moveSlot, cutSubscriptions]) {
        await between();
        await act(context);
      }
      await between();
      await cutBus(context, 10);
      for (const act of [killOwner, freezeOwner]) {
        await between();
        await act(context);
      }
    }
    await pause(5000);
  },
});
