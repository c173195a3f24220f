import { writeBadEntry } from '../nemeses/poison.js';
import { pause } from '../../tools/wait.js';
import { scenario } from './scenario.js';

/**
 * One call in a hundred kills the instance that runs it, one entry in a hundred cannot be read, and a few are
 * hostile.
 */
export const s13 = scenario({
  name: 'S13',
  title: 'poison',
  plan: ({ size }) => ({
    calls: size.count(30_000),
    rate: 400,
    // Its first two deliveries cost many instances their lives, and each death takes a while to be noticed.
    waves: size.count(10),
    cap: 2000,
    crashes: true,
    leaseTtl: 3000,
    timeout: 120_000,
    quietWithin: 130_000,
    bad: { unreadable: size.count(300), abusive: size.count(30) },
    serverOptions: { maxPayloadBytes: 65_536 },
    clientOptions: { maxPayloadBytes: 65_536 },
    mix: [
      { weight: 99, pattern: 'work', ms: [0, 50], pad: 200 },
      { weight: 1, pattern: 'work', ms: [0, 0], act: 'die' },
    ],
    expect: { success: 1, codes: ['DEAD_LETTERED/may-have-run'], deadLetters: 3, packed: 0.05 },
  }),
  faults: async (context) => {
    const { plan, random } = context;
    const { unreadable, abusive } = plan.bad;
    const bad = random.shuffled([
      ...Array<boolean>(unreadable).fill(false),
      ...Array<boolean>(abusive).fill(true),
    ]);
    const every = ((plan.calls / plan.rate) * 1000) / bad.length;
    const counter = { value: 0 };
    for (const rare of bad) {
      await writeBadEntry(context, counter, rare);
      await pause(every);
    }
  },
});
