// Further calls with the idempotency key of a call, drawn from the seed.
import type { Random } from '../../tools/random.js';

/** One of them. */
export interface Again {
  /** Another caller makes it. */
  readonly elsewhere: boolean;
  /** It is made after the first call has ended; otherwise after that was made. */
  readonly after: boolean;
  /** Milliseconds from then. */
  readonly ms: number;
  /** It has other data. */
  readonly other: boolean;
}

/** The share that has other data. */
const OTHER = 0.1;
/** Milliseconds: some come while the first call runs, some when its instance may have been killed. */
const WHEN = { 'at once': [0, 0], meanwhile: [1, 60], after: [0, 1500] } as const;

/** @param most of them */
export function furtherCalls(random: Random, most: number): Again[] {
  return Array.from({ length: random.int(0, most) }, () => {
    const when = random.pick(['at once', 'meanwhile', 'after'] as const);
    const [least, latest] = WHEN[when];
    const ms = random.int(least, latest);
    const elsewhere = random.chance(0.5);
    return { elsewhere, after: when === 'after', ms, other: random.chance(OTHER) };
  });
}
