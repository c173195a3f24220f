import type { QuietLogger } from '../engine/logger.js';
import { RedisStreamsError } from '../errors.js';
import type { RedisTarget } from '../options/index.js';

/** Answers that no further attempt will change: who starts with them should be told at once. */
const REFUSED = /^(?:WRONGPASS|NOAUTH|NOPERM)\b/;

/** The first connection: how long it is waited for, and what is said meanwhile. */
export interface Startup {
  /** An attempt to connect failed. */
  failed(error: Error, attempt: number): void;
  /** Waits for `work`, or rejects with NOT_CONNECTED after the permitted attempts. */
  until(work: Promise<void>): Promise<void>;
}

/** @param attempts tries before giving up; undefined: for ever, with a log line every five seconds */
export function startup(
  attempts: number | undefined,
  target: RedisTarget,
  logger: QuietLogger,
): Startup {
  let started = false;
  let giveUp: (error: Error) => void = () => undefined;
  const gaveUp = new Promise<never>((_, reject) => (giveUp = reject));
  gaveUp.catch(() => undefined);
  return {
    failed(error, attempt) {
      logger.warn('connect', `cannot connect to Redis at ${place(target)}: ${error.message}`);
      if (started) return;
      if (REFUSED.test(error.message)) {
        giveUp(new RedisStreamsError('REDIS', `Redis refused: ${error.message}`, { cause: error }));
      }
      if (attempts === undefined || attempt < attempts) return;
      giveUp(
        new RedisStreamsError('NOT_CONNECTED', `Redis was not reached in ${attempts} attempts`, {
          cause: error,
        }),
      );
    },
    async until(work) {
      work.catch(() => undefined);
      await Promise.race([work, gaveUp]);
      started = true;
    },
  };
}

/** Where Redis is expected, without user or password. */
function place(target: RedisTarget): string {
  switch (target.kind) {
    case 'client':
      return 'the address of the given client';
    case 'cluster':
      return 'the given cluster nodes';
    case 'single': {
      const { path, host, port, sentinels } = target.options;
      if (sentinels != null && sentinels.length > 0) return 'the given sentinels';
      return path ?? `${host ?? 'localhost'}:${port ?? 6379}`;
    }
  }
}
