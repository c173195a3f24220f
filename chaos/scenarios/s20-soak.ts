import { busy, freeze, kill, terminate } from '../nemeses/instances.js';
import {
  deleteConsumer,
  deleteStream,
  destroyGroup,
  flush,
  flushScripts,
} from '../nemeses/memory.js';
import { cutting, delaying, reset, silence, slowing, swallowing } from '../nemeses/network.js';
import {
  fillMemory,
  killClients,
  killRedis,
  pauseClients,
  restartEmpty,
  sleep,
} from '../nemeses/server.js';
import { pause } from '../../tools/wait.js';
import { now } from '../kit/time.js';
import { scenario, type Context } from './scenario.js';

/** Milliseconds, longer than the lease, for nemeses that need that. */
const still = 21_000;

/** Every nemesis there is. The seed draws them; those that take long overlap with others. */
interface Nemesis {
  readonly weight: number;
  readonly play: (context: Context) => Promise<unknown>;
  /** It takes long, and others are played meanwhile. */
  readonly aside?: boolean;
}

const nemeses: readonly Nemesis[] = [
  { weight: 6, play: kill },
  { weight: 3, play: terminate },
  { weight: 1, play: (context) => freeze(context, still), aside: true },
  { weight: 1, play: (context) => busy(context, still), aside: true },
  { weight: 2, play: flush },
  { weight: 2, play: deleteStream },
  { weight: 2, play: destroyGroup },
  { weight: 2, play: deleteConsumer },
  { weight: 2, play: flushScripts },
  { weight: 2, play: (context) => killRedis(context, context.random.int(0, 4000)) },
  { weight: 1, play: (context) => restartEmpty(context, context.random.int(0, 2000)) },
  { weight: 3, play: (context) => killClients(context, 'pubsub') },
  { weight: 3, play: (context) => killClients(context, 'normal') },
  { weight: 1, play: (context) => pauseClients(context, context.random.int(500, 3000)) },
  { weight: 1, play: (context) => sleep(context, context.random.int(1, 4)) },
  { weight: 1, play: (context) => fillMemory(context, context.random.int(1000, 4000)) },
  { weight: 1, play: (context) => silence(context, 'subscriber', still), aside: true },
  { weight: 1, play: (context) => silence(context, 'reader', still), aside: true },
  { weight: 1, play: (context) => silence(context, 'commands', still), aside: true },
  { weight: 3, play: reset },
  { weight: 2, play: (context) => swallowing(context, 0.05, () => pause(3000)) },
  { weight: 2, play: (context) => cutting(context, 0.05, () => pause(3000)) },
  { weight: 1, play: (context) => delaying(context, [5, 60], () => pause(4000)) },
  { weight: 1, play: (context) => slowing(context, 40_000, () => pause(3000)) },
];

/** Every fault, at random, for an hour. */
export const s20 = scenario({
  name: 'S20',
  title: 'soak',
  plan: ({ size }) => {
    const lasts = size.time(4_000_000, 240_000);
    return {
      calls: (lasts / 1000) * 280,
      rate: 280,
      cap: 2400,
      lasts,
      proxy: true,
      redis: { fsync: 'everysec' },
      mix: [
        { weight: 60, pattern: 'work', ms: [0, 60], pad: 500 },
        { weight: 20, pattern: 'once', ms: [0, 60] },
        { weight: 10, pattern: 'work', ms: [0, 60], reply: 4000 },
        { weight: 6, pattern: 'work', ms: [0, 60], cancel: [0, 200] },
        { weight: 4, pattern: 'work', ms: [0, 60], timeout: 100 },
      ],
      expect: {
        success: 0.98,
        packed: 0.02,
        codes: [
          'INTERRUPTED/may-have-run',
          'REPLY_LOST/may-have-run',
          'REDIS/not-run',
          'TIMEOUT/not-run',
          'TIMEOUT/may-have-run',
          'NOT_CONNECTED/not-run',
        ],
      },
    };
  },
  faults: async (context) => {
    const { plan, random } = context;
    const end = now() + plan.lasts;
    const aside = new Set<Promise<unknown>>();
    while (now() < end) {
      await pause(random.int(1000, 6000));
      const nemesis = random.weighted(nemeses);
      // No more than two of the four instances, or of the connections, stand still at once.
      if (nemesis.aside && aside.size >= 2) continue;
      const played = nemesis.play(context);
      if (!nemesis.aside) await played;
      else aside.add(played.finally(() => aside.delete(played)));
    }
    await Promise.all(aside);
  },
});
