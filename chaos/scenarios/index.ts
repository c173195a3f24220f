// What the suite plays.
import { s1 } from './s01-calm.js';
import { s2, s2classes, s2keyed, s2python, s2short, s2spread, s2wildcards } from './s02-kill.js';
import { s3 } from './s03-rolling.js';
import { s4 } from './s04-redis-kill.js';
import { s5 } from './s05-memory.js';
import { s6 } from './s06-pubsub.js';
import { s7 } from './s07-silence.js';
import { s8 } from './s08-swallow.js';
import { s9, s9kept } from './s09-sentinel.js';
import { s10, s10kept } from './s10-cluster.js';
import { s11 } from './s11-long.js';
import { s12 } from './s12-zombies.js';
import { s13, s13python } from './s13-poison.js';
import { s14 } from './s14-overload.js';
import { s15 } from './s15-memory-full.js';
import { s16 } from './s16-slow-caller.js';
import { s17 } from './s17-cancel.js';
import { s18 } from './s18-clocks.js';
import { s19 } from './s19-attacker.js';
import { s20 } from './s20-soak.js';
import { s21 } from './s21-pauses.js';
import { s22 } from './s22-threads.js';
import type { Scenario } from './scenario.js';

export const scenarios: readonly Scenario[] = [
  s1,
  s2,
  s2short,
  s2spread,
  s2classes,
  s2wildcards,
  s2keyed,
  s2python,
  s3,
  s4,
  s5,
  s6,
  s7,
  s8,
  s9,
  s9kept,
  s10,
  s10kept,
  s11,
  s12,
  s13,
  s13python,
  s14,
  s15,
  s16,
  s17,
  s18,
  s19,
  s20,
  s21,
  s22,
];
