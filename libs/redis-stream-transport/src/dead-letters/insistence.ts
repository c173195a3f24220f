import { pause, systemClock } from '../engine/clock.js';
import { RedisStreamsError } from '../errors.js';
import type { CommandFailure } from '../redis/failure.js';

/** Milliseconds between two attempts. */
const AGAIN_AFTER = 100;

/**
 * Repeats what may be repeated until Redis has answered, for `timeout` milliseconds at most.
 *
 * @throws RedisStreamsError REDIS when it was refused, CLOSED, NOT_CONNECTED when it never left, TIMEOUT
 * when it may have happened
 */
export async function insist<T>(
  timeout: number,
  isClosed: () => boolean,
  ask: () => Promise<T>,
): Promise<T> {
  const end = systemClock.now() + timeout;
  let outcome: 'not-run' | 'may-have-run' = 'not-run';
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const failure = error as CommandFailure;
      if (failure.kind === 'lost') outcome = 'may-have-run';
      const facts = { outcome, cause: error };
      if (isClosed()) throw new RedisStreamsError('CLOSED', 'DeadLetters was closed', facts);
      if (!failure.passing) throw new RedisStreamsError('REDIS', failure.message, facts);
      if (systemClock.now() >= end) {
        const code = outcome === 'not-run' ? 'NOT_CONNECTED' : 'TIMEOUT';
        throw new RedisStreamsError(code, `Redis did not answer within ${timeout} ms`, facts);
      }
    }
    await pause(systemClock, AGAIN_AFTER);
  }
}
