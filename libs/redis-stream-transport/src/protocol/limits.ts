/**
 * Hard bounds of the wire. They are not options: both sides rely on them, and a reader that met
 * something larger would have to trust the writer.
 */

/** Deepest nesting of arrays and objects in a payload. Beyond it `JSON.stringify` of other tools overflows. */
export const MAX_DEPTH = 64;

/** Longest pattern or lane name, in UTF-16 units: it becomes part of a key. */
export const MAX_PATTERN_LENGTH = 1024;

/** Largest JSON text of an entry's headers, in UTF-16 units. */
export const MAX_HEADERS_LENGTH = 16_384;

/** Longest idempotency key, in UTF-16 units: it becomes part of a key. */
export const MAX_KEY_LENGTH = 256;

/** Longest header line (field `c`). Ours has under 100 characters. */
export const MAX_HEADER_LINE = 512;

/** Longest call, in milliseconds (24 days: what a JavaScript timer can wait for). */
export const MAX_TIMEOUT = 2_147_483_647;

/** Deepest call inside calls that is told apart; deeper ones count as this deep. */
export const MAX_CALL_DEPTH = 16;

/** A frame holds replies up to this size, or one reply that is larger. */
export const MAX_FRAME_LENGTH = 1_048_576;

/** Text that one script call may carry. */
export const MAX_SCRIPT_LENGTH = 8_388_608;

/** Memory a caller's reply log may take on the server; beyond it replies become `REPLY_LOST`. */
export const MAX_REPLY_LOG_BYTES = 67_108_864;

/** Caller ids become key and channel names, so their alphabet is closed (rule L13). */
const CALLER_ID = /^[A-Za-z0-9_-]{16,32}$/;

/** Call ids are chosen by the caller and only echoed. */
const CALL_ID = /^[A-Za-z0-9_-]{1,64}$/;

export const isCallerId = (text: string): boolean => CALLER_ID.test(text);
export const isCallId = (text: string): boolean => CALL_ID.test(text);

/** The id above which nothing can be added to a stream any more: both parts have 64 bits. */
export const LAST_ID = '18446744073709551615-18446744073709551615';
const LAST_PART = LAST_ID.slice(0, 20);
const ENTRY_ID = /^(\d{1,20})-(\d{1,20})$/;

/** Whether a text is the id of a stream entry, as Redis would take it. */
export function isEntryId(text: unknown): text is string {
  const [, ...parts] = (typeof text === 'string' && ENTRY_ID.exec(text)) || [];
  return parts.length === 2 && parts.every((part) => part.length < 20 || part <= LAST_PART);
}
