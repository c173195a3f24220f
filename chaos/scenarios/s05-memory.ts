import { deleteConsumer, deleteStream, destroyGroup, flush } from '../nemeses/memory.js';
import { restartEmpty } from '../nemeses/server.js';
import { pause } from '../../tools/wait.js';
import { LATER } from './later.js';
import { scenario } from './scenario.js';

const nemeses = [flush, deleteStream, destroyGroup, deleteConsumer, restartEmpty];

/** Redis loses data: everything, a stream, a group, a consumer. */
export const s5 = scenario({
  name: 'S5',
  title: 'loss of memory in Redis',
  plan: ({ size }) => ({
    calls: size.count(100_000),
    rate: 1000,
    cap: 1600,
    rounds: size.count(10),
    // Bursts, so that there are always entries in the streams.
    mix: [
      { weight: 4, pattern: 'work', ms: [0, 60], pad: 200 },
      { weight: 1, pattern: 'once', ms: [0, 60] },
      ...LATER,
    ],
    expect: {
      success: 1,
      // A call that may be started once only is not sent again when Redis has lost it.
      codes: ['REPLY_LOST/may-have-run'],
      answered: 0.999,
      resumeWithin: 2000,
      // With its memory Redis loses who takes packs, until instances announce it again.
      packed: 0.02,
    },
  }),
  faults: async (context) => {
    for (let round = 0; round < context.plan.rounds; round++) {
      for (const nemesis of context.random.shuffled(nemeses)) {
        await nemesis(context);
        await pause(context.random.int(2500, 4000));
      }
    }
  },
});
