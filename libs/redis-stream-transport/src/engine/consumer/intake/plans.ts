import type { Clock } from '../../clock.js';
import { BoundedPlan } from './bounded-plan.js';
import { EqualPlan } from './equal-plan.js';
import type { ReadPlan } from './read-plan.js';
import type { StreamState } from './stream-state.js';

/** Chooses how reads are planned: only where a pattern has a bound of its own do streams have different room. */
export function readPlan(
  streams: readonly StreamState[],
  concurrency: number,
  { random }: Pick<Clock, 'random'> = Math,
): ReadPlan {
  const plan = streams.some(({ mayBeBounded }) => mayBeBounded) ? BoundedPlan : EqualPlan;
  return new plan(streams, concurrency, random);
}
