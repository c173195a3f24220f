import { kill } from '../nemeses/instances.mjs';
import { pause } from '../kit/time.mjs';

const every = 3000;

/** kill -9 under load, again and again; with handlers that may run once only, and with an inbox. */
export const s2 = {
  name: 'S2',
  title: 'kill -9 of instances',
  plan: ({ size }) => ({
    calls: size.count(100_000),
    rate: 1000,
    cap: 400,
    kills: size.count(30, 3),
    effects: true,
    mix: [
      { weight: 3, pattern: 'work', ms: [0, 80], pad: 200 },
      { weight: 1, pattern: 'once', ms: [0, 80] },
      { weight: 1, pattern: 'inbox', ms: [0, 80] },
    ],
    // What runs once only is not run again: its caller is told that it may have run.
    expect: {
      success: 1,
      codes: ['INTERRUPTED/may-have-run'],
      takeOverWithin: 16_000,
      effects: true,
    },
  }),
  faults: async (context) => {
    for (let i = 0; i < context.plan.kills; i++) {
      const next = pause(every);
      await kill(context);
      await next;
    }
  },
};
