import { writeBadEntry } from '../nemeses/poison.js';
import { pause } from '../../tools/wait.js';
import { scenario, type Scenario } from './scenario.js';

interface Poison {
  readonly calls: number;
  readonly rate: number;
  readonly waves: number;
  /** How many of the instances are in Python. */
  readonly python?: number;
}

/**
 * One call in a hundred kills the instance that runs it, one entry in a hundred cannot be read, and a few are
 * hostile.
 */
const poisoning = (name: string, title: string, { calls, rate, waves, python }: Poison): Scenario =>
  scenario({
    name,
    title,
    plan: ({ size }) => ({
      calls: size.count(calls),
      rate,
      // Its first two deliveries cost many instances their lives, and each death takes a while to be noticed.
      waves: size.count(waves),
      cap: 2000,
      crashes: true,
      leaseTtl: 3000,
      timeout: 120_000,
      quietWithin: 130_000,
      ...(python && { python }),
      bad: { unreadable: size.count(calls / 100), abusive: size.count(calls / 1000) },
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

export const s13 = poisoning('S13', 'poison', { calls: 30_000, rate: 400, waves: 10 });

/** The same with two instances of four in Python: they, too, run apart what may have killed others. */
export const s13python = poisoning('S13Y', 'poison, with two instances in Python', {
  calls: 10_000,
  rate: 200,
  waves: 4,
  python: 2,
});
