// What instances cost that have nothing to do.
import { sleep } from '../harness/clock.js';
import { Team } from '../harness/team.js';
import { load, type Usage } from '../harness/usage.js';
import type { Mode } from './mode.js';

/** Seconds at least: there is little to measure. */
const SHORTEST = 10;

export const run: Mode['run'] = async (options, results) => {
  const seconds = Math.max(SHORTEST, options.duration);
  for (const services of options.instances) {
    const team = await Team.start('ours', { services, cpuProf: options.cpuProf });
    try {
      // The client idles too: its heartbeats are part of the bill.
      await sleep(options.warmup * 1000);
      const before = await team.look();
      await sleep(seconds * 1000);
      const after = await team.look();
      const percent = (from: Usage | undefined, to: Usage | undefined) =>
        from && to ? load(from, to) * 100 : NaN;
      results.fact(
        'idle',
        { instances: services, seconds },
        {
          redisPercentOfCore: percent(before.broker, after.broker),
          redisPercentPerInstance: percent(before.broker, after.broker) / services,
          servicePercentOfCore: percent(before.services[0], after.services[0]),
          clientPercentOfCore: percent(before.client, after.client),
        },
      );
    } finally {
      await team.stop();
    }
  }
};
