// Clocks that are set while everything runs.
import { pause } from '../kit/time.mjs';

/** Milliseconds until a process has noticed that its clock was set. */
const takesEffect = 3500;

/** Sets the clock of Redis. @param {number} seconds away from the truth */
export async function setRedisClock({ clocks, faults }, seconds) {
  // Deadlines are measured by this clock: calls that are open may be over at once.
  await faults.during('redis-clock', { seconds, ages: true }, async () => {
    clocks.set('redis', seconds);
    await pause(takesEffect);
  });
}

/** Sets the clock of a service or a caller, which nothing may depend on. */
export async function setProcessClock({ clocks, fleet, faults, random }, seconds) {
  const { name } = random.pick([...fleet.services, ...fleet.callers]);
  await faults.during('process-clock', { targets: [name], seconds }, async () => {
    clocks.set(name.split('.')[0], seconds);
    await pause(takesEffect);
  });
}
