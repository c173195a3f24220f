import { pause } from '../../tools/wait.js';
import { now } from '../kit/time.js';
import { scenario } from './scenario.js';

const slots = 4;
const handlerMs = 50;

/** Ten times the capacity is offered; then the load is normal again. */
export const s14 = scenario({
  name: 'S14',
  title: 'overload',
  plan: ({ size }) => {
    const services = 4;
    const capacity = (services * slots * 1000) / handlerMs;
    const seconds = Math.max(12, 60 * size.share);
    return {
      services,
      concurrency: slots,
      calls: capacity * 10 * seconds,
      rate: capacity * 10,
      cap: 1e6,
      timeout: 2000,
      capacity,
      calmFor: 8000,
      clientOptions: { maxBacklog: capacity, whenNoConsumer: 'wait' },
      mix: [{ weight: 1, pattern: 'work', ms: [handlerMs, handlerMs], pad: 400 }],
      expect: {
        duplicates: 0,
        overload: {
          rejectedWithin: 50,
          goodput: 0.7,
          memory: 1.2 * (capacity * 1024 + 4 * 1048576),
          calmP99: 1000,
          calmAfter: 10_000,
        },
      },
    };
  },
  faults: async (context) => {
    const { faults, redis, made, log, fleet, plan } = context;
    const look = async () => {
      const used = /used_memory:(\d+)/.exec(await redis.admin.info('memory'))?.[1];
      log.write({ k: 'memory', used: Number(used), t: now() });
    };
    await faults.during('overload', {}, async () => {
      while (!(await made())) {
        await look();
        await pause(200);
      }
    });
    // The same callers, at half of the capacity.
    const rate = plan.capacity / 2 / plan.callers;
    for (const caller of fleet.callers) caller.tell({ kind: 'pace', rate });
    await faults.during('calm', {}, () => pause(plan.calmFor + 10_000));
  },
});
