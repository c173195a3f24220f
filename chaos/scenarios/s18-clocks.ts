import { findFaketime } from '../kit/faketime.js';
import { setProcessClock, setRedisClock } from '../nemeses/clocks.js';
import { pause } from '../../tools/wait.js';
import { scenario } from './scenario.js';

const step = 300;

/** The clocks of Redis and of each process jump by five minutes, forwards and back. */
export const s18 = scenario({
  name: 'S18',
  title: 'clocks that are set',
  missing: () =>
    findFaketime() === undefined &&
    'clocks cannot be set here: install libfaketime, or name its library in NRS_FAKETIME',
  plan: ({ size }) => ({
    calls: size.count(60_000),
    rate: 300,
    cap: 1200,
    rounds: size.count(5),
    clocks: true,
    mix: [
      { weight: 9, pattern: 'work', ms: [0, 50], pad: 200 },
      { weight: 1, pattern: 'once', ms: [0, 50] },
    ],
    expect: {
      // When the clock of Redis jumps forward, the deadlines of open calls pass: they end as `not-run`.
      success: 0.95,
      codes: ['TIMEOUT/not-run'],
      duplicates: 0,
      earlyOnlyByRedis: 1000,
      packed: 0.1,
    },
  }),
  faults: async (context) => {
    const { plan, random } = context;
    for (let round = 0; round < plan.rounds; round++) {
      for (const seconds of random.shuffled([step, -step])) {
        await pause(2000);
        await setRedisClock(context, seconds);
        await pause(6000);
        await setProcessClock(context, seconds);
        await setProcessClock(context, -seconds);
        await setRedisClock(context, 0);
        await pause(6000);
      }
    }
  },
});
