import { createHash } from 'node:crypto';
import { Attacker } from '../nemeses/attacker.js';
import { pause } from '../../tools/wait.js';
import { scenario } from './scenario.js';

const secretOf = (seed: string): string => createHash('sha256').update(seed).digest('base64');

/**
 * Somebody with all rights in Redis, and without a key, adds entries again, forges, alters and moves them, answers calls
 * and settles entries in the place of services. Nothing of it is believed: what is not a call runs nowhere, and a call gets
 * its own answer or an error.
 */
export const s19 = scenario({
  name: 'S19',
  title: 'an attacker without a key',
  plan: ({ size, random }) => ({
    calls: size.count(60_000),
    rate: 400,
    cap: 2000,
    timeout: 10_000,
    attacks: size.count(10_000),
    sealed: { secret: secretOf(String(random.seed)) },
    effects: true,
    mix: [
      { weight: 6, pattern: 'work', ms: [0, 50], pad: 200 },
      { weight: 2, pattern: 'once', ms: [0, 50] },
      { weight: 2, pattern: 'inbox', ms: [0, 50] },
    ],
    expect: {
      success: 1,
      // What it can do: end a call with an error. It never makes one succeed, nor say that it did not run.
      codes: [
        'UNTRUSTED/may-have-run',
        'NO_HANDLER/may-have-run',
        'REPLY_LOST/may-have-run',
        'INTERRUPTED/may-have-run',
        'TIMEOUT/may-have-run',
        'CANCELLED/may-have-run',
      ],
      answered: 0.8,
      duplicates: 0,
      attacked: 12,
      packed: 0.1,
    },
  }),
  faults: async (context) => {
    const { plan, faults, made } = context;
    const attacker = new Attacker(context);
    await faults.during('attack', { blind: true }, async () => {
      for (let i = 0; i < plan.attacks; i++) {
        await attacker.turn();
        await pause(10);
        if (i % 50 === 0 && (await made())) break;
      }
    });
    faults.note({ k: 'attacks', done: attacker.done });
  },
});
