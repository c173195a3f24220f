import { terminate } from '../nemeses/instances.js';
import { scenario } from './scenario.js';

/** A deploy: the instances are told to end and are replaced, one after the other. */
export const s3 = scenario({
  name: 'S3',
  title: 'rolling restarts',
  plan: ({ size }) => ({
    calls: size.count(100_000),
    rate: 1000,
    cap: 1600,
    rounds: size.count(5),
    mix: [{ weight: 1, pattern: 'work', ms: [0, 50], pad: 200 }],
    expect: { success: 1, duplicates: 0, exitWithin: 10_000, packed: 0.1 },
  }),
  faults: async (context) => {
    for (let round = 0; round < context.plan.rounds; round++) {
      for (const victim of context.random.shuffled(context.fleet.services)) {
        await terminate(context, victim);
      }
    }
  },
});
