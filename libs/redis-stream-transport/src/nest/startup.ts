import type { LinkRole } from '../redis/link.js';
import { EndingSignal } from './signals.js';
import { RedisStreamsError } from '../errors.js';

/** Answers that no further attempt changes: the start fails at once. */
const REFUSED = /^(?:WRONGPASS|NOAUTH|NOPERM)\b/;
/** Others who use the prefix have another number of shards, or speak another version of the protocol. */
const MISFIT = /^LAYOUT /;

/** The wait for the first connection. */
export interface Startup {
  /** An attempt to connect failed. */
  failed(role: LinkRole, error: Error, attempt: number): void;
  /**
   * Waits for `work`, or rejects with NOT_CONNECTED after the permitted attempts. Never settles when a
   * signal ends the process and `work` with it: the application would report that as a failure.
   */
  until(work: Promise<void>): Promise<void>;
}

/**
 * @param attempts tries before giving up; undefined: for ever
 * @param isHopeless nothing can be reached, so there is no start with a part of the shards
 */
export function startup(
  attempts: number | undefined,
  isHopeless: () => boolean = () => true,
): Startup {
  let started = false;
  let giveUp: (error: Error) => void = () => undefined;
  const gaveUp = new Promise<never>((_, reject) => (giveUp = reject));
  gaveUp.catch(() => undefined);
  return {
    failed(_, error, attempt) {
      if (started) return;
      if (MISFIT.test(error.message)) {
        giveUp(
          new RedisStreamsError('INVALID_OPTION', error.message.replace(MISFIT, ''), {
            cause: error,
          }),
        );
      }
      if (REFUSED.test(error.message)) {
        giveUp(new RedisStreamsError('REDIS', `Redis refused: ${error.message}`, { cause: error }));
      }
      if (attempts === undefined || attempt < attempts || !isHopeless()) return;
      giveUp(
        new RedisStreamsError('NOT_CONNECTED', `Redis was not reached in ${attempts} attempts`, {
          cause: error,
        }),
      );
    },
    async until(work) {
      const signal = new EndingSignal();
      work.catch(() => undefined);
      try {
        await Promise.race([work, gaveUp]);
        started = true;
      } catch (error) {
        const closed = RedisStreamsError.isRedisStreamsError(error) && error.code === 'CLOSED';
        if (!closed || signal.exitCode === undefined) throw error;
        process.exitCode ??= signal.exitCode;
        await new Promise<never>(() => undefined);
      } finally {
        signal.ignore();
      }
    },
  };
}
