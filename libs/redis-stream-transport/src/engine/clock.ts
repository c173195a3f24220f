import type { RedisTarget } from '../options/index.js';

/** The source of all time and randomness below Nest, so that tests can replace both. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Runs `task` after `ms` milliseconds. Returns a function that cancels it. */
  after(ms: number, task: () => void): () => void;
  /** A random number in [0, 1). */
  random(): number;
  /** Milliseconds since 1970, where that is not this host's clock. */
  readonly today?: number;
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

/** Milliseconds since 1970: by the clock of this host, unless time is another one. */
export const todayOf = ({ today }: Pick<Clock, 'today'>): number => today ?? Date.now();

/** Under this key a client that stands in for one of ioredis brings a clock along, as those of the test kit do. */
export const CLOCK = Symbol.for('nestjs-redis-streams.clock');

/** The clock by which everything goes that is connected to this Redis: this system's, unless the target brings one. */
export function clockOf(target: RedisTarget): Clock {
  const { [CLOCK]: own } = (target.kind === 'client' ? target.client : {}) as { [CLOCK]?: Clock };
  return own ?? systemClock;
}

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

/** The earlier of two times, or the shorter of two; undefined is never. */
export const earlier = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
