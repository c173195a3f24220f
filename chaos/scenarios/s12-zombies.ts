import { busy, freeze } from '../nemeses/instances.js';
import { pause } from '../../tools/wait.js';
import { scenario } from './scenario.js';

/**
 * Instances stand still for longer than their lease, and wake up as zombies: they believe that they still own
 * what they held.
 */
export const s12 = scenario({
  name: 'S12',
  title: 'frozen and busy instances',
  plan: ({ size }) => {
    const stillFor = size.beyondLease(30_000, 10_000);
    return {
      calls: size.count(60_000),
      rate: 250,
      cap: 1600,
      rounds: size.count(10),
      stillFor,
      timeout: 90_000,
      // A long call may lose its instance in every round. On its last delivery it would run alone, for as
      // long as a lease and more, and the instance would do nothing else: that is for S13 to play.
      serverOptions: { maxDeliveries: 100 },
      // Long calls hold slots, and two instances have to do what four had and what the others were doing, most
      // of it at the one that took it over. Without a free slot nobody could take over in time.
      concurrency: 200,
      mix: [
        { weight: 400, pattern: 'work', ms: [0, 80], pad: 200 },
        { weight: 100, pattern: 'once', ms: [0, 80] },
        // These end while their instance stands still, and are taken over meanwhile: the result of the zombie
        // must not count. Each round needs some of these, or a missing fence would not be noticed.
        { weight: 4, pattern: 'work', ms: [stillFor - 4000, stillFor - 1000] },
        // Still runs when its instance wakes up: its signal must fire.
        { weight: 1, pattern: 'work', ms: [stillFor + 500, stillFor + 2500], watch: true },
      ],
      expect: {
        success: 1,
        codes: ['INTERRUPTED/may-have-run'],
        takeOverWithin: 16_000,
        abortWithin: 1000,
        packed: 0.02,
      },
    };
  },
  faults: async (context) => {
    const { plan, random, fleet } = context;
    for (let round = 0; round < plan.rounds; round++) {
      await pause(random.int(3000, 5000));
      const [frozen, busied] = random.shuffled(fleet.services);
      await Promise.all([
        freeze(context, plan.stillFor, frozen),
        busy(context, plan.stillFor, busied),
      ]);
    }
  },
});
