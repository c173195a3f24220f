import type { Facts } from '../fleet/faults.js';
import { pause } from '../../tools/wait.js';
import { scenario } from './scenario.js';

/** One caller of eight stands still while large replies come for it. */
export const s16 = scenario({
  name: 'S16',
  title: 'a caller that does not read',
  plan: ({ size }) => ({
    calls: size.count(20_000),
    callers: 8,
    rate: 80,
    cap: 1600,
    bursts: [1],
    concurrency: 200,
    stillFor: size.time(90_000, 20_000),
    timeout: 60_000,
    redis: { args: ['--client-output-buffer-limit', 'pubsub', '1mb', '1mb', '10'] },
    mix: [{ weight: 1, pattern: 'work', ms: [0, 15_000], reply: 65_536 }],
    // Many calls are open at any time, so that many replies come for the caller that stands still. The others
    // must not notice.
    expect: { success: 0.95, duplicates: 0, othersP99: 2 },
  }),
  faults: async (context) => {
    const { fleet, faults, random, plan } = context;
    await faults.during('calm', {}, () => pause(5000));
    const victim = random.pick(fleet.callers);
    const facts: Facts = {
      targets: [victim.name],
      cuts: [victim.name],
      stalls: true,
      gentle: true,
      slow: true,
    };
    await faults.during('freeze-caller', facts, async () => {
      victim.freeze();
      await pause(plan.stillFor);
      victim.thaw();
    });
    await pause(3000);
  },
});
