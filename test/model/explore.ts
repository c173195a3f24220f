import { startPrivateRedis } from '../support/redis-process.js';
import { RedisClock } from '../../libs/redis-stream-transport/src/engine/redis-clock.js';
import { Dice } from './dice.js';
import { RedisAtHand } from './redis-at-hand.js';
import { FAULTS, World, type Fault } from './world.js';

export interface Found {
  readonly seed: number;
  readonly runs: number;
  readonly faults: readonly Fault[];
  /** What went wrong; undefined when nothing did. */
  readonly error: Error | undefined;
  readonly trace: readonly string[];
}

export interface Exploration {
  /** Seed of the first run; the next runs have the next seeds. */
  readonly seed: number;
  readonly seconds: number;
  readonly runs: number;
  /** Otherwise each seed chooses its own. */
  readonly faults?: readonly Fault[];
}

// The clock of Redis stands nearly still while that of the world runs; processes know what it says.
RedisClock.prototype.now = () => Date.now();

/** Runs world after world until one shows a violation, or time is over. */
export async function explore(wanted: Exploration): Promise<Found> {
  await using server = await startPrivateRedis();
  const redis = await RedisAtHand.open(server.url);
  const end = performance.now() + wanted.seconds * 1000;
  try {
    for (let runs = 1; ; runs++) {
      const seed = wanted.seed + runs - 1;
      const dice = new Dice(seed);
      // Some of the faults, so that rare ones are not buried by frequent ones.
      const faults = wanted.faults ?? FAULTS.filter(() => dice.oneIn(2));
      const world = new World(redis, seed, new Set(faults));
      let error: Error | undefined;
      try {
        await world.run();
      } catch (thrown) {
        error = thrown as Error;
      }
      if (error !== undefined || runs >= wanted.runs || performance.now() >= end) {
        return { seed, runs, faults, error, trace: world.trace };
      }
    }
  } finally {
    redis.close();
  }
}
