/** All time and chance below Nest enter here, so that tests can bring their own. */
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

/** `ms` with up to `share` of it added or taken away, so that a fleet does not act in step. */
export function jittered(clock: Clock, ms: number, share: number): number {
  return ms * (1 + share * (2 * clock.random() - 1));
}
