import { silence } from '../nemeses/network.js';
import type { Role } from '../../tools/tcp-proxy/passage.js';
import { pause } from '../../tools/wait.js';
import { scenario } from './scenario.js';

const roles: readonly Role[] = ['subscriber', 'reader', 'commands'];

/** Connections fall silent: no FIN, no RST, nothing comes through. New ones pass. */
export const s7 = scenario({
  name: 'S7',
  title: 'half-open connections',
  plan: ({ size }) => ({
    calls: size.count(60_000),
    rate: 300,
    cap: 1200,
    rounds: size.count(10),
    silentFor: size.beyondLease(30_000, 10_000),
    proxy: true,
    mix: [
      { weight: 60, pattern: 'work', ms: [0, 30], pad: 200 },
      { weight: 1, pattern: 'stream', ms: [0, 0], values: 60 },
    ],
    expect: { success: 1, duplicates: 0, replacedWithin: 8000, packed: 0.1 },
  }),
  faults: async (context) => {
    const { plan, random } = context;
    for (let round = 0; round < plan.rounds; round++) {
      const silences = [];
      for (const role of random.shuffled(roles)) {
        silences.push(silence(context, role, plan.silentFor));
        await pause(random.int(500, 3000));
      }
      await Promise.all(silences);
    }
  },
});
