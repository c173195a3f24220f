import {
  REDIS_STREAMS_ERROR_CODES,
  RedisStreamsError,
  type CallOutcome,
  type RedisStreamsErrorCode,
} from '../../../errors.js';
import { visible } from '../../../protocol/visible.js';

/**
 * The error of a fault. A code that is not known here, such as one of a newer service, becomes REDIS.
 *
 * @param atBest what is believed of it where it says that no handler ran
 */
export function faultOf(payload: unknown, pattern: string, atBest: CallOutcome): RedisStreamsError {
  const { code, message, outcome, until } = (payload ?? {}) as Record<string, unknown>;
  const known = typeof code === 'string' && Object.hasOwn(REDIS_STREAMS_ERROR_CODES, code);
  return new RedisStreamsError(
    known ? (code as RedisStreamsErrorCode) : 'REDIS',
    typeof message === 'string' ? visible(message) : 'the service reported a fault',
    {
      ...{ pattern, outcome: outcome === 'not-run' ? atBest : 'may-have-run' },
      ...(typeof until === 'number' ? { until } : {}),
    },
  );
}
