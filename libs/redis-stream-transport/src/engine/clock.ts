/** The source of all time and randomness below Nest, so that tests can replace both. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Runs `task` after `ms` milliseconds. Returns a function that cancels it. */
  after(ms: number, task: () => void): () => void;
  /** A random number in [0, 1). */
  random(): number;
}

/** Longest delay of a JavaScript timer, in milliseconds. */
const MAX_DELAY = 2_147_483_647;

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, Math.min(ms, MAX_DELAY));
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

/**
 * Resolves after `ms` milliseconds of the clock. Cannot be cancelled: use `clock.after` for a wait that may have to
 * end early.
 */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/** Varies `ms` at random by up to the part `share` of it, so that instances do not act at the same time. */
export function jittered(clock: Clock, ms: number, share: number): number {
  return ms * (1 + share * (2 * clock.random() - 1));
}
