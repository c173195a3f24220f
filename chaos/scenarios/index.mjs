// What the suite plays. S9 (Sentinel), S10 (Cluster) and S19 (an attacker) have their places here and come
// later, each with what it is about.
import { s1 } from './s01-calm.mjs';
import { s2, s2short } from './s02-kill.mjs';
import { s3 } from './s03-rolling.mjs';
import { s4 } from './s04-redis-kill.mjs';
import { s5 } from './s05-memory.mjs';
import { s6 } from './s06-pubsub.mjs';
import { s7 } from './s07-silence.mjs';
import { s8 } from './s08-swallow.mjs';
import { s11 } from './s11-long.mjs';
import { s12 } from './s12-zombies.mjs';
import { s13 } from './s13-poison.mjs';
import { s14 } from './s14-overload.mjs';
import { s15 } from './s15-memory-full.mjs';
import { s16 } from './s16-slow-caller.mjs';
import { s17 } from './s17-cancel.mjs';
import { s18 } from './s18-clocks.mjs';
import { s20 } from './s20-soak.mjs';

/**
 * @typedef {object} Context
 * @property {import('../fleet/plan.mjs').Plan} plan
 * @property {import('../kit/size.mjs').Size} size
 * @property {import('../fleet/redis.mjs').ChaosRedis} redis
 * @property {import('../proxy/proxy.mjs').Proxy} proxy
 * @property {import('../fleet/fleet.mjs').Fleet} fleet
 * @property {import('../fleet/faults.mjs').Faults} faults
 * @property {import('../kit/random.mjs').Random} random
 * @property {import('../kit/faketime.mjs').Clocks} [clocks]
 * @property {import('../kit/history.mjs').History} log
 * @property {() => Promise<boolean>} made whether the callers have made as many calls as the plan wants
 *
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} title
 * @property {(of: { size: import('../kit/size.mjs').Size, random: import('../kit/random.mjs').Random }) => object} plan
 * @property {() => string | false | undefined} [missing] why it cannot be played here
 * @property {(context: Context) => Promise<void>} [faults] until it is over, callers go on calling
 */

/** @type {readonly Scenario[]} */
export const scenarios = [
  s1,
  s2,
  s2short,
  s3,
  s4,
  s5,
  s6,
  s7,
  s8,
  s11,
  s12,
  s13,
  s14,
  s15,
  s16,
  s17,
  s18,
  s20,
];

/** Why a scenario of the catalogue cannot be played yet. */
export const later = {
  S9: 'Sentinel failovers come with the support of Sentinel',
  S10: 'Cluster failovers and slot migrations come with the support of Cluster',
  S19: 'an attacker with the rights of a caller comes with the security work',
};
