import { faultText } from '../engine/consumer/run/ends.js';
import type { RedisStreamsErrorCode } from '../errors.js';
import { property, thrownText } from '../thrown.js';

/** Marks an error of the transport that a handler passes on: its caller gets it as one, and not as something thrown. */
export const PASSED = Symbol.for('nestjs-redis-streams.passed-fault');

/** What its caller is sent; undefined for any other error. */
export function passedFault(error: unknown): string | undefined {
  if (property(error, PASSED) !== true) return undefined;
  const code = property(error, 'code') as RedisStreamsErrorCode;
  return faultText(code, thrownText(error), 'may-have-run');
}
