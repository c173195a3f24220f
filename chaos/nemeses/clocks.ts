// Clocks that are set while everything runs.
import { pause } from '../../tools/wait.js';
import type { Context } from '../scenarios/scenario.js';

/** Milliseconds until a process has noticed that its clock was set. */
const takesEffect = 3500;

/**
 * Sets the clock of Redis.
 *
 * @param seconds distance from the true time
 */
export async function setRedisClock(
  { clocks, faults, redis }: Context,
  seconds: number,
): Promise<void> {
  // Deadlines are measured by this clock: calls that are open may be over at once.
  await faults.during('redis-clock', { seconds, ages: true }, async (fault) => {
    clocks.set('redis', seconds);
    await pause(takesEffect);
    const [time] = await redis.admin.time();
    fault.end({ shift: Math.round(Number(time) - Date.now() / 1000) });
  });
}

/** Sets the clock of a service or a caller, which nothing may depend on. */
export async function setProcessClock(
  { clocks, fleet, faults, random }: Context,
  seconds: number,
): Promise<void> {
  const { name } = random.pick([...fleet.services, ...fleet.callers]);
  await faults.during('process-clock', { targets: [name], seconds }, async () => {
    clocks.set(name.split('.')[0] as string, seconds);
    await pause(takesEffect);
  });
}
