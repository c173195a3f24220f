import { RedisStreamsError } from '../errors.js';
import type { ResolvedRecordOptions } from '../options/index.js';

/**
 * An event waits for no value and is stored whether or not its pattern is served.
 *
 * @throws RedisStreamsError INVALID_OPTION
 */
export function refuseForEvent(options: ResolvedRecordOptions, pattern: string): void {
  for (const name of ['idleTimeout', 'whenNoConsumer', 'window'] as const) {
    if (options[name] !== undefined) throw misplaced(name, 'calls', pattern);
  }
  if (options.keepResult) throw misplaced('keepResult', 'calls', pattern);
}

/**
 * A call has a deadline, and its results may be stored.
 *
 * @throws RedisStreamsError INVALID_OPTION
 */
export function refuseForCall(options: ResolvedRecordOptions, pattern: string): void {
  if (options.expiresIn !== undefined) throw misplaced('expiresIn', 'events', pattern);
  if (options.messageId !== undefined) throw misplaced('messageId', 'events', pattern);
}

const INSTEAD = { expiresIn: 'timeout', messageId: 'idempotencyKey' } as const;

function misplaced(name: string, its: 'calls' | 'events', pattern: string): RedisStreamsError {
  const instead = INSTEAD[name as keyof typeof INSTEAD];
  const did = its === 'calls' ? 'was emitted as an event' : `was sent as a call; use "${instead}"`;
  const message = `RedisStreamsRecord: "${name}" is for ${its}; ${pattern} ${did}`;
  return new RedisStreamsError('INVALID_OPTION', message, { pattern });
}
