// What operators pause: a pattern for the whole service, or all that an instance would take.
import { hostname } from 'node:os';
import {
  pauseInstance,
  pausePattern,
  type PauseResult,
  resumeInstance,
  resumePattern,
} from 'nestjs-redis-streams/operate';
import type { Child } from '../fleet/child.js';
import type { Facts } from '../fleet/faults.js';
import type { Context } from '../scenarios/scenario.js';

const service = 'service';

/** Milliseconds after which an instance that has heeded its pause has started all that it had read. */
const DRAINED = 2000;

/** Nothing of a pattern starts while `meanwhile` goes on. */
export async function pausedPattern(
  context: Context,
  { pattern, refuse }: { pattern: string; refuse: boolean },
  meanwhile: () => Promise<unknown>,
): Promise<void> {
  const { faults } = context;
  const where = placeOf(context);
  const result = await pausePattern(where, { service, pattern, refuse });
  const facts: Facts = { paused: { pattern, refuse }, heededAfter: heededAfter(context, result) };
  await faults.during('pause', facts, meanwhile);
  await resumePattern(where, { service, pattern });
}

/** An instance takes nothing new while `meanwhile` goes on. */
export async function pausedInstance(
  context: Context,
  victim: Child,
  meanwhile: () => Promise<unknown>,
): Promise<void> {
  const { faults } = context;
  const where = placeOf(context);
  const instance = `${hostname()}-${victim.pid}`;
  const result = await pauseInstance(where, { service, instance });
  const facts: Facts = {
    targets: [victim.name],
    takesNothing: true,
    heededAfter: heededAfter(context, result) + DRAINED,
  };
  await faults.during('pause-instance', facts, meanwhile);
  await resumeInstance(where, { service, instance });
}

const placeOf = ({ redis, plan: { prefix } }: Context): { url: string; prefix: string } => ({
  ...redis.where,
  prefix,
});

/** Milliseconds: none where all instances say that they heed it; else they learn of it with the lease (L27). */
function heededAfter({ plan }: Context, { instances, heeding }: PauseResult): number {
  return heeding >= instances ? 0 : plan.leaseTtl / 3 + 500;
}
