import { RedisStreamsError } from '../errors.js';
import type { WireCodec } from '../protocol/header.js';
import { hostile } from '../protocol/json.js';
import { MAX_HEADERS_LENGTH } from '../protocol/limits.js';
import { KeyUnavailable } from '../options/sealing.js';
import { isA, thrownText } from '../thrown.js';
import { SizeBound } from './size-bound.js';

/** Writes the data of calls, events and replays, and refuses at once what its reader would refuse later. */
export class OutgoingData {
  private readonly bound: SizeBound;

  constructor(maxPayloadBytes: number) {
    this.bound = new SizeBound('the data', 'maxPayloadBytes', maxPayloadBytes);
  }

  /**
   * Data as JSON, checked. What JSON has no text for, such as a function, becomes the empty text: it arrives as
   * undefined, as on Nest's transports.
   * @throws RedisStreamsError INVALID_MESSAGE, PAYLOAD_TOO_LARGE
   */
  json(data: unknown, pattern: string): string {
    let text: string;
    try {
      text = JSON.stringify(data) ?? '';
    } catch (error) {
      throw unserializable(error, pattern);
    }
    this.check('json', text, data, pattern);
    return text;
  }

  /**
   * @param value what the text was made of
   * @throws RedisStreamsError INVALID_MESSAGE, PAYLOAD_TOO_LARGE
   */
  check(codec: WireCodec, text: string, value: unknown, pattern: string): void {
    if (this.bound.isExceededBy(text)) {
      throw new RedisStreamsError('PAYLOAD_TOO_LARGE', this.bound.complaint, { pattern });
    }
    const isJson = codec === 'json' || codec.startsWith('obj');
    const reason = isJson ? hostile(text, value) : undefined;
    if (reason !== undefined) {
      throw new RedisStreamsError('INVALID_MESSAGE', `the data has ${reason}`, { pattern });
    }
  }
}

/** What a call or event fails with when its data cannot be written. */
export function unserializable(error: unknown, pattern: string): RedisStreamsError {
  const message = `the data cannot be serialized: ${thrownText(error)}`;
  return new RedisStreamsError('INVALID_MESSAGE', message, { pattern, cause: error });
}

/** What a call or event fails with when it cannot be sealed. */
export function sealingError(error: unknown, pattern: string): unknown {
  if (isA(error, KeyUnavailable)) {
    const message = `${pattern} cannot be sealed: ${thrownText(error)}`;
    return new RedisStreamsError('KEY_UNAVAILABLE', message, { pattern, cause: error });
  }
  return RedisStreamsError.isRedisStreamsError(error) ? error : unserializable(error, pattern);
}

/**
 * Headers of a trace together with those that a handler has set. If they do not fit, those of the trace are left out.
 * @param text those of the handler alone
 */
export function bothHeaders(
  traced: Readonly<Record<string, string>>,
  set: Readonly<Record<string, string>>,
  text: string | undefined,
): string | undefined {
  const both = JSON.stringify({ ...traced, ...set });
  if (both === '{}') return undefined;
  return both.length > MAX_HEADERS_LENGTH ? text : both;
}

/**
 * Headers as JSON; undefined if there are none.
 * @throws RedisStreamsError INVALID_MESSAGE: they are too long
 */
export function headersText(
  headers: Readonly<Record<string, string>>,
  pattern: string,
): string | undefined {
  const text = JSON.stringify(headers);
  if (text.length > MAX_HEADERS_LENGTH) {
    const message = `headers take at most ${MAX_HEADERS_LENGTH} characters as JSON`;
    throw new RedisStreamsError('INVALID_MESSAGE', message, { pattern });
  }
  return text === '{}' ? undefined : text;
}
