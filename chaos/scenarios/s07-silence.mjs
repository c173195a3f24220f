import { silence } from '../nemeses/network.mjs';
import { pause } from '../kit/time.mjs';

const roles = ['subscriber', 'reader', 'commands'];

/** Connections fall silent: no FIN, no RST, nothing comes through. New ones pass. */
export const s7 = {
  name: 'S7',
  title: 'half-open connections',
  plan: ({ size }) => ({
    calls: size.count(60_000),
    rate: 300,
    cap: 1200,
    rounds: size.count(10),
    silentFor: size.beyondLease(30_000, 10_000),
    proxy: true,
    mix: [{ weight: 1, pattern: 'work', ms: [0, 30], pad: 200 }],
    expect: { success: 1, duplicates: 0, replacedWithin: 8000 },
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
};
