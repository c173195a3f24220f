import { killRedis } from '../nemeses/server.js';
import { pause } from '../../tools/wait.js';
import { LATER } from './later.js';
import { scenario } from './scenario.js';

/**
 * Kills Redis with `kill -9`. It has an append-only file: first with every write on disk, then with `everysec`,
 * which may lose the last writes.
 */
export const s4 = scenario({
  name: 'S4',
  title: 'kill -9 of Redis',
  plan: ({ size }) => ({
    calls: size.count(100_000),
    rate: 800,
    cap: 1600,
    kills: size.count(20, 2),
    redis: { fsync: 'always' },
    mix: [
      { weight: 4, pattern: 'work', ms: [0, 50], pad: 200 },
      { weight: 1, pattern: 'once', ms: [0, 50] },
      { weight: 1, pattern: 'told', ms: [0, 40], event: true },
      ...LATER,
    ],
    expect: {
      success: 1,
      codes: ['INTERRUPTED/may-have-run', 'REPLY_LOST/may-have-run'],
      resumeWithin: 3000,
      packed: 0.1,
    },
  }),
  faults: async (context) => {
    const { plan, random, redis } = context;
    for (const fsync of ['always', 'everysec'] as const) {
      redis.fsync = fsync;
      await redis.admin.config('SET', 'appendfsync', fsync);
      for (let i = 0; i < plan.kills; i++) {
        await pause(random.int(2000, 4000));
        await killRedis(context, random.int(0, 5000));
      }
      await pause(3500);
    }
  },
});
