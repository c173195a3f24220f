// What may happen to the process of a service.
import type { Facts } from '../fleet/faults.js';
import type { Context } from '../scenarios/scenario.js';
import { pause } from '../../tools/wait.js';

/** `kill -9`, and a new instance at once. */
export async function kill(
  { fleet, faults, random }: Context,
  victim = random.pick(fleet.services),
): Promise<void> {
  const facts: Facts = { targets: [victim.name], excuses: 'owned' };
  await faults.during('kill', facts, () => victim.endBy('kill'));
  await fleet.replace(victim);
}

/** SIGTERM, and a new instance when the old one has ended. */
export async function terminate(
  { fleet, faults, random }: Context,
  victim = random.pick(fleet.services),
): Promise<void> {
  await faults.during('term', { targets: [victim.name] }, () => victim.leave('term'));
  await fleet.replace(victim);
}

/** SIGSTOP for longer than a lease, then SIGCONT: a zombie that believes it owns what it holds. */
export async function freeze(
  { fleet, faults, random }: Context,
  ms: number,
  victim = random.pick(fleet.services),
): Promise<void> {
  const facts: Facts = { targets: [victim.name], excuses: 'owned', stalls: true };
  await faults.during('freeze', facts, async () => {
    victim.freeze();
    await pause(ms);
    victim.thaw();
  });
}

/** A loop in user code that blocks the event loop of the process. */
export async function busy(
  { fleet, faults, random }: Context,
  ms: number,
  victim = random.pick(fleet.services),
): Promise<void> {
  const facts: Facts = { targets: [victim.name], excuses: 'owned', stalls: true };
  await faults.during('busy', facts, async () => {
    const done = victim.ask('busy', { ms }, ms + 20_000);
    await pause(ms);
    await done;
  });
}
