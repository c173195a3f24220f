import { freezeMaster, killMaster, sentinelFailover } from '../nemeses/failover.js';
import { pause } from '../../tools/wait.js';
import { scenario } from './scenario.js';

/** Failovers of Sentinel: asked for, after `kill -9`, and of a master that stands still. */
export const s9 = scenario({
  name: 'S9',
  title: 'failovers of Sentinel',
  plan: ({ size }) => ({
    calls: size.count(40_000),
    rate: 300,
    cap: 1600,
    rounds: size.count(10, 1),
    sentinels: true,
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
    for (let round = 0; round < context.plan.rounds; round++) {
      for (const act of [sentinelFailover, killMaster, freezeMaster]) {
        await pause(context.random.int(1000, 2000));
        await act(context);
      }
    }
    await pause(5000);
  },
});
