import { kill } from '../nemeses/instances.js';
import type { Kind } from '../processes/load.js';
import { pause } from '../../tools/wait.js';
import { scenario, type Scenario } from './scenario.js';

/**
 * How long after a kill the next one comes, in ms. Irregular: what a dead instance held is taken over after some three seconds,
 * and if kills came in that rhythm, the same few calls would be held by one victim after the other until they had died with
 * `maxDeliveries` instances. That is its own scenario (S13).
 */
const AFTER = { least: 1500, most: 4500 };
/** They wait for their readers, which services in Python do not; and begin anew where they are taken over. */
const stream: Kind = { weight: 1, pattern: 'stream', ms: [0, 0], values: 60 };

/** New patterns all the time, of calls and of events. */
const FRESH: readonly Kind[] = [
  { weight: 40, pattern: 'fresh', ms: [0, 60], fresh: 100 },
  { weight: 20, pattern: 'heard', ms: [0, 60], fresh: 50, event: true },
];

/** Bursts of them share entries, except where an instance in Python reads them too. */
const told: Kind = { weight: 20, pattern: 'told', ms: [0, 40], event: true };

/** Calls that share idempotency keys. */
const KEYED: readonly Kind[] = [{ weight: 60, pattern: 'keyed', ms: [0, 60], again: 3 }];

interface Killing {
  readonly leaseTtl: number;
  readonly takeOverWithin: number;
  readonly calls: number;
  readonly kills: number;
  /** Over how many shards each pattern is spread. */
  readonly spread?: number;
  /** Each pattern has classes of importance. */
  readonly classes?: boolean;
  /** New patterns come all the time, which wildcards stand for. */
  readonly wildcards?: boolean;
  /** Some calls share idempotency keys. */
  readonly keyed?: boolean;
  /** How many of the instances are in Python. */
  readonly python?: number;
}

/**
 * Kills instances with `kill -9` under load, again and again. Some handlers may run once only, some write
 * through an inbox.
 */
const killing = (
  name: string,
  title: string,
  { leaseTtl, takeOverWithin, calls, kills, spread, classes, wildcards, keyed, python }: Killing,
): Scenario =>
  scenario({
    name,
    title,
    plan: ({ size }) => ({
      calls: size.count(calls),
      rate: 700,
      cap: 1600,
      leaseTtl,
      kills: size.count(kills, 3),
      effects: true,
      ...(python && { python }),
      ...(classes && { classes }),
      ...(wildcards && { serverOptions: { wildcards } }),
      ...(spread && {
        spread,
        serverOptions: { shards: spread },
        clientOptions: { shards: spread },
      }),
      mix: [
        // Their deadline passes before they are taken over: no instance may start them then.
        { weight: 20, pattern: 'work', ms: [0, 60], timeout: 2000 },
        { weight: 60, pattern: 'work', ms: [0, 60], pad: 200 },
        { weight: 20, pattern: 'once', ms: [0, 60] },
        { weight: 20, pattern: 'inbox', ms: [0, 60] },
        told,
        ...(python ? [] : [stream]),
        ...(wildcards ? FRESH : []),
        ...(keyed ? KEYED : []),
      ],
      expect: {
        success: 1,
        // A call that may run once only is not run again: its caller is told `may-have-run`.
        codes: [
          ...['INTERRUPTED/may-have-run', 'TIMEOUT/may-have-run@2000', 'TIMEOUT/not-run@2000'],
          ...(keyed ? ['IDEMPOTENCY_MISMATCH/not-run'] : []),
        ],
        takeOverWithin,
        ...(classes ? {} : { packed: 0.1 }),
        effects: true,
      },
    }),
    faults: async (context) => {
      for (let i = 0; i < context.plan.kills; i++) {
        const next = pause(context.random.int(AFTER.least, AFTER.most));
        await kill(context);
        await next;
      }
    },
  });

export const s2 = killing('S2', 'kill -9 of instances', {
  leaseTtl: 10_000,
  takeOverWithin: 5000,
  calls: 100_000,
  kills: 30,
});

/** The same with short leases, which end nearly as soon as others notice that connections are gone. */
export const s2short = killing('S2L', 'kill -9 of instances with leases of 3 s', {
  leaseTtl: 3000,
  takeOverWithin: 5000,
  calls: 50_000,
  kills: 15,
});

/** The same with one instance of four in Python, which is killed as often as the others. */
export const s2python = killing('S2Y', 'kill -9 of instances, one of them in Python', {
  leaseTtl: 10_000,
  takeOverWithin: 5000,
  calls: 50_000,
  kills: 15,
  python: 1,
});

/** The same with a stream of each pattern in each of three shards. */
export const s2spread = killing('S2P', 'kill -9 of instances that serve spread patterns', {
  leaseTtl: 10_000,
  takeOverWithin: 5000,
  calls: 50_000,
  kills: 15,
  spread: 3,
});

/** The same with calls of three classes of importance, each in a stream of its own. */
export const s2classes = killing('S2C', 'kill -9 of instances that serve calls of all classes', {
  leaseTtl: 10_000,
  takeOverWithin: 5000,
  calls: 50_000,
  kills: 15,
  classes: true,
});

/** The same with wildcards, and new patterns throughout the run. */
export const s2wildcards = killing('S2W', 'kill -9 of instances that handle new patterns', {
  leaseTtl: 10_000,
  takeOverWithin: 5000,
  calls: 50_000,
  kills: 15,
  wildcards: true,
});

/** The same with calls that share idempotency keys, of one caller and of two, at once and later. */
export const s2keyed = killing('S2K', 'kill -9 of instances that run calls with shared keys', {
  leaseTtl: 10_000,
  takeOverWithin: 5000,
  calls: 50_000,
  kills: 15,
  keyed: true,
});
