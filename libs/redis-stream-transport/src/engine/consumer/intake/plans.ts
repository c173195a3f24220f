import type { Clock } from '../../clock.js';
import { BoundedPlan } from './bounded-plan.js';
import { ClassPlan } from './class-plan.js';
import { EqualPlan } from './equal-plan.js';
import type { ReadPlan } from './read-plan.js';
import { RANK, type StreamState } from './stream-state.js';

/**
 * Chooses how reads are planned: only where a pattern has a bound of its own do streams have different room, and only
 * where one has classes of importance do some come before others.
 *
 * @param grows further streams may come, and their patterns may have bounds
 */
export function readPlan(
  streams: readonly StreamState[],
  concurrency: number,
  { random }: Pick<Clock, 'random'> = Math,
  grows = false,
): ReadPlan {
  const hasClasses = streams.some(({ rank }) => rank !== RANK.normal);
  const isBounded = grows || streams.some(({ mayBeBounded }) => mayBeBounded);
  const plan = hasClasses ? ClassPlan : isBounded ? BoundedPlan : EqualPlan;
  return new plan(streams, concurrency, random);
}
