/** The source of all time and chance below Nest, so that tests can bring their own. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Runs `task` after `ms` milliseconds; returns what cancels it. The process may end meanwhile. */
  after(ms: number, task: () => void): () => void;
  /** In [0, 1). */
  random(): number;
}

/** Longest delay a JavaScript timer takes. */
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
 * Resolves after `ms` milliseconds of the clock. It cannot be cancelled: where a wait must end early, call
 * `clock.after` and keep what it returns.
 */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/** `ms` with up to `share` of it added or taken away, so that a fleet does not act in step. */
export function jittered(clock: Clock, ms: number, share: number): number {
  return ms * (1 + share * (2 * clock.random() - 1));
}
