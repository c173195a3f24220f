import 'reflect-metadata';
import { NO_MESSAGE_HANDLER } from '@nestjs/microservices/constants.js';
import {
  NO_MESSAGE_HANDLER_TEXT,
  REDIS_STREAMS_ERROR_CODES,
  RedisStreamsError,
  type RedisStreamsErrorCode,
} from './errors.js';

const codes = Object.keys(REDIS_STREAMS_ERROR_CODES) as RedisStreamsErrorCode[];

/** A second copy of the module, as when two versions of the package are installed. */
async function otherCopy(): Promise<typeof import('./errors.js')> {
  vi.resetModules();
  return import('./errors.js');
}

it('knows exactly the codes that are settled', () => {
  expect(codes.join(' ')).toBe(
    'INVALID_OPTION INVALID_MESSAGE CODEC_MISMATCH UNTRUSTED KEY_UNAVAILABLE PAYLOAD_TOO_LARGE OVERLOADED PAUSED NO_CONSUMER ' +
      'NO_HANDLER GROUP_CONFLICT DUPLICATE_HANDLER UNSUPPORTED_VERSION NOT_CONNECTED REDIS TIMEOUT ' +
      'CANCELLED HOOK_FAILED CLOSED DEAD_LETTERED INTERRUPTED THREAD_LOST REPLY_LOST IDEMPOTENCY_MISMATCH',
  );
});

it('has the text of Nest for a pattern without a handler', () => {
  expect(NO_MESSAGE_HANDLER_TEXT).toBe(NO_MESSAGE_HANDLER);
});

describe.each(codes)('%s', (code) => {
  it('says what it means in one sentence', () => {
    expect(REDIS_STREAMS_ERROR_CODES[code].meaning).toMatch(/^[A-Z`][^.]*\.$/);
  });

  it('is carried by an error, retryable as the table says', () => {
    const error = new RedisStreamsError(code, 'because');
    expect(error).toBeInstanceOf(Error);
    expect(error.code).toBe(code);
    expect(error.retryable).toBe(REDIS_STREAMS_ERROR_CODES[code].retryable);
    expect(error.outcome).toBe('not-run');
    expect(RedisStreamsError.isRedisStreamsError(error)).toBe(true);
  });
});

describe('RedisStreamsError', () => {
  it('keeps outcome, pattern and cause', () => {
    const cause = new Error('socket');
    const options = { outcome: 'may-have-run', pattern: 'sum', cause } as const;
    const error = new RedisStreamsError('REDIS', 'gone', options);
    expect(error).toMatchObject({ outcome: 'may-have-run', pattern: 'sum', status: 'error' });
    expect(error.cause).toBe(cause);
    expect(new RedisStreamsError('REDIS', 'gone')).not.toHaveProperty('cause');
  });

  it('prints its name', () => {
    expect(String(new RedisStreamsError('CLOSED', 'closed'))).toBe('RedisStreamsError: closed');
  });

  it('leaves the process without stack and cause', () => {
    const cause = new Error('redis://:secret@host');
    const error = new RedisStreamsError('TIMEOUT', 'late', { pattern: 'sum', cause });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'RedisStreamsError',
      code: 'TIMEOUT',
      message: 'late',
      outcome: 'not-run',
      retryable: true,
      status: 'error',
      pattern: 'sum',
    });
    expect(new RedisStreamsError('TIMEOUT', 'late').toJSON()).not.toHaveProperty('pattern');
  });

  it('is known to another copy of the package, and nothing else is', async () => {
    const copy = await otherCopy();
    const error = new RedisStreamsError('CLOSED', 'closed');
    expect(error).not.toBeInstanceOf(copy.RedisStreamsError);
    expect(copy.RedisStreamsError.isRedisStreamsError(error)).toBe(true);
    for (const other of [new Error('no'), { code: 'CLOSED' }, null, 'CLOSED']) {
      expect(copy.RedisStreamsError.isRedisStreamsError(other)).toBe(false);
    }
  });
});
