// Whether memory stays where it is: what one process took at each look, as a run goes on.
import { median } from '../harness/stats.js';

/** Memory is flat if it grew by no more than this share, or by so many MB: a heap is never quite the same. */
const GROWTH = { share: 0.1, megabytes: 10 } as const;

/**
 * Compares the last quarter of the looks with the second one: in the first a process still warms up.
 *
 * @param looks MB, in their order; 8 at least
 */
export function flatness(looks: readonly number[]): {
  readonly before: number;
  readonly after: number;
  readonly isFlat: boolean;
} {
  const quarter = Math.floor(looks.length / 4);
  const before = median(looks.slice(quarter, 2 * quarter));
  const after = median(looks.slice(-quarter));
  const grown = after - before;
  return { before, after, isFlat: grown <= Math.max(GROWTH.megabytes, GROWTH.share * before) };
}
