/**
 * Fixed bounds of the wire. They are not options, because both sides rely on them.
 */

/** Deepest nesting of arrays and objects in a payload. Deeper ones make `JSON.stringify` of other tools overflow. */
export const MAX_DEPTH = 64;

/** Longest name of a pattern or a lane, in UTF-16 units. It becomes part of a key. */
export const MAX_PATTERN_LENGTH = 1024;

/** Largest JSON text of an entry's headers, in UTF-16 units. */
export const MAX_HEADERS_LENGTH = 16_384;

/** Longest idempotency key, in UTF-16 units. It becomes part of a Redis key. */
export const MAX_KEY_LENGTH = 256;

/** Longest header line (field `c`), in UTF-16 units. This library writes fewer than 100. */
export const MAX_HEADER_LINE = 512;

/** Longest timeout of a call, in milliseconds: 24 days, the longest time of a JavaScript timer. */
export const MAX_TIMEOUT = 2_147_483_647;

/** Longest time that an entry may wait until it is due, in milliseconds: a year. */
export const MAX_DELAY = 31_536_000_000;

/** Largest depth of a call that was made inside handlers. Deeper calls count as this deep. */
export const MAX_CALL_DEPTH = 16;

/** Longest frame with several replies, in UTF-16 units. A single reply may be longer. */
export const MAX_FRAME_LENGTH = 1_048_576;

/** Replies that one script may carry, in UTF-16 units. */
export const MAX_SCRIPT_LENGTH = 8_388_608;

/** Memory that the reply log of a caller may take, in bytes. Beyond it replies become `REPLY_LOST`. */
export const MAX_REPLY_LOG_BYTES = 67_108_864;

/** Caller ids become parts of keys and channels, so they have a fixed alphabet (rule L13). */
const CALLER_ID = /^[A-Za-z0-9_-]{16,32}$/;

/** The caller chooses its call ids, and services only send them back. */
const CALL_ID = /^[A-Za-z0-9_-]{1,64}$/;

export const isCallerId = (text: string): boolean => CALLER_ID.test(text);
export const isCallId = (text: string): boolean => CALL_ID.test(text);

/** The highest entry id. Nothing can be added to a stream after it. Both parts have 64 bits. */
export const LAST_ID = '18446744073709551615-18446744073709551615';
const LAST_PART = LAST_ID.slice(0, 20);
const ENTRY_ID = /^(\d{1,20})-(\d{1,20})$/;

/** Whether a value is the id of a stream entry that Redis accepts. */
export function isEntryId(text: unknown): text is string {
  const [, ...parts] = (typeof text === 'string' && ENTRY_ID.exec(text)) || [];
  return parts.length === 2 && parts.every((part) => part.length < 20 || part <= LAST_PART);
}
