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

/** Milliseconds within which the message has reached all that live. A process that is started now takes longer. */
const TOLD = 300;

/** Milliseconds after which an instance that has applied its pause has started all that it had read. */
const DRAINED = 2000;

interface PatternPause {
  readonly pattern: string;
  readonly refuse: boolean;
  /** Instances that have just died: they count as alive for as long as their lease, and apply nothing. */
  readonly dead: number;
}

/** Nothing of a pattern starts while `meanwhile` goes on. */
export async function pausedPattern(
  context: Context,
  { pattern, refuse, dead }: PatternPause,
  meanwhile: () => Promise<unknown>,
): Promise<void> {
  const { faults } = context;
  const where = placeOf(context);
  const result = await pausePattern(where, { service, pattern, refuse, wait: TOLD });
  const after = appliedAfter(context, result, dead);
  const facts: Facts = { paused: { pattern, refuse }, appliedAfter: after };
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
    appliedAfter: appliedAfter(context, result, 0) + DRAINED,
  };
  await faults.during('pause-instance', facts, meanwhile);
  await resumeInstance(where, { service, instance });
}

const placeOf = ({ redis, plan: { prefix } }: Context): { url: string; prefix: string } => ({
  ...redis.where,
  prefix,
});

/** Milliseconds: none where all instances say that they have applied it; else they learn of it with the lease (L27). */
function appliedAfter(
  { plan }: Context,
  { instances, applied }: PauseResult,
  dead: number,
): number {
  return applied >= instances - dead ? 0 : plan.leaseTtl / 3 + 500;
}
