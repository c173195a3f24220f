import { kill } from '../nemeses/instances.js';
import { pausedInstance, pausedPattern } from '../nemeses/pauses.js';
import { killRedis } from '../nemeses/server.js';
import { pause } from '../../tools/wait.js';
import { scenario } from './scenario.js';

const patterns = ['inbox', 'work', 'once'] as const;

/**
 * Patterns and instances are paused and resumed under load: calls wait, or are refused. During a pause instances are
 * killed, and Redis, which keeps what it stored.
 */
export const s21 = scenario({
  name: 'S21',
  title: 'pauses of patterns and of instances',
  plan: ({ size }) => ({
    calls: size.count(60_000),
    rate: 500,
    // Those of a paused pattern stay open.
    cap: 12_000,
    pauses: size.count(30, 3),
    redis: { fsync: 'always' as const },
    effects: true,
    mix: [
      { weight: 3, pattern: 'work', ms: [0, 60], pad: 200 },
      // Their deadline passes while their pattern is paused.
      { weight: 1, pattern: 'work', ms: [0, 60], timeout: 2000 },
      { weight: 2, pattern: 'once', ms: [0, 60] },
      { weight: 2, pattern: 'inbox', ms: [0, 400] },
    ],
    expect: {
      success: 1,
      codes: [
        'PAUSED/not-run',
        'INTERRUPTED/may-have-run',
        'REPLY_LOST/may-have-run',
        'TIMEOUT/may-have-run@2000',
        'TIMEOUT/not-run@2000',
        // Redis was away for as long as they may take.
        'NOT_CONNECTED/not-run@2000',
      ],
      pausesHold: true,
      packed: 0.1,
      effects: true,
    },
  }),
  faults: async (context) => {
    const { plan, random, fleet } = context;
    await pause(2000);
    for (let i = 0; i < plan.pauses; i++) {
      const pattern = patterns[i % patterns.length] ?? 'inbox';
      // What it held is taken over while its pattern is paused.
      const dying = random.pick(fleet.services);
      const killing = kill(context, dying);
      await dying.ended;
      await pausedPattern(context, { pattern, refuse: i % 2 === 1, dead: 1 }, async () => {
        await killing;
        await pause(random.int(4000, 6000));
        if (i % 2 === 0) await killRedis(context, random.int(0, 2000));
        await kill(context);
        await pause(random.int(1000, 2000));
      });
      await pause(1500);
      const victim = random.pick(fleet.services);
      await pausedInstance(context, victim, async () => {
        await pause(random.int(2500, 3500));
        await kill(context, random.pick(fleet.services.filter((one) => one !== victim)));
        await pause(random.int(500, 1500));
      });
    }
  },
});
