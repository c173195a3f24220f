import { killClients } from '../nemeses/server.js';
import { pause } from '../../tools/wait.js';
import { scenario } from './scenario.js';

const every = 500;

/** All subscriptions are cut twice a second; replies must arrive all the same. */
export const s6 = scenario({
  name: 'S6',
  title: 'subscriptions cut',
  plan: ({ size }) => ({
    calls: size.count(50_000),
    rate: 800,
    cap: 800,
    cuts: size.count(120),
    mix: [
      { weight: 149, pattern: 'work', ms: [0, 20], pad: 200 },
      // Few: what a reader says is lost with the connection, and said again a second later.
      { weight: 1, pattern: 'stream', ms: [0, 0], values: 60 },
    ],
    expect: { success: 1, duplicates: 0, p99: 1000, packed: 0.1 },
  }),
  faults: async (context) => {
    for (let i = 0; i < context.plan.cuts; i++) {
      const next = pause(every);
      await killClients(context, 'pubsub');
      await next;
    }
  },
});
