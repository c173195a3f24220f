import { parseHeader, senderOf, type Header } from './header.js';
import { isEntryId, MAX_HEADERS_LENGTH, MAX_KEY_LENGTH, MAX_PATTERN_LENGTH } from './limits.js';
import { isTexts, readJson } from './json.js';

/** Names of the fields of a stream entry. Fields that are not listed here are ignored. */
export const FIELD = {
  /** Header line, see `header.ts`. */
  header: 'c',
  /** The data, written as the header's codec says. */
  data: 'd',
  /** Headers: a JSON object of strings. */
  headers: 'h',
  /** Idempotency key. */
  key: 'k',
  /** The pattern, in a lane that several patterns share. */
  pattern: 'p',
  /** The only group that is meant, of an event that was replayed from its dead letters. */
  group: 'g',
  /** How often it was replayed, and the id of the first entry. */
  replay: 'r',
} as const;

/** An entry as it was read: its id and the flat list of its fields. */
export interface RawEntry {
  readonly id: string;
  readonly fields: readonly string[];
}

export interface Entry {
  readonly id: string;
  /** Time part of the id: milliseconds of Redis' clock at which it was added. */
  readonly addedAt: number;
  readonly header: Header;
  readonly data: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly key: string | undefined;
  readonly pattern: string | undefined;
  /** The only group that is meant. */
  readonly group: string | undefined;
}

/** What cannot be understood. A value, never a throw: one bad entry must not end a read loop. */
export interface Malformed {
  readonly id: string;
  readonly malformed: string;
  /** Present when its sender could be read, so that the caller can be told. */
  readonly header: Header | undefined;
}

export const isMalformed = (entry: Entry | Malformed): entry is Malformed => 'malformed' in entry;

export function decodeEntry(raw: RawEntry, maxPayload: number): Entry | Malformed {
  const { id, fields } = raw;
  let line: string | undefined;
  let data: string | undefined;
  let headersText: string | undefined;
  let key: string | undefined;
  let pattern: string | undefined;
  let group: string | undefined;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const value = fields[i + 1] as string;
    switch (fields[i] as string) {
      case FIELD.header:
        line ??= value;
        break;
      case FIELD.data:
        data ??= value;
        break;
      case FIELD.headers:
        headersText ??= value;
        break;
      case FIELD.key:
        key ??= value;
        break;
      case FIELD.pattern:
        pattern ??= value;
        break;
      case FIELD.group:
        group ??= value;
        break;
    }
  }
  if (line === undefined) return { id, malformed: 'no header field', header: undefined };
  const header = parseHeader(line);
  if (typeof header === 'string') return { id, malformed: header, header: senderOf(line) };
  const bad = (malformed: string): Malformed => ({ id, malformed, header });
  if (data === undefined) return bad('no data field');
  // The length in UTF-16 units is at most the length in bytes, so this never refuses what fits.
  if (data.length > maxPayload) return bad('payload too large');
  if (pattern !== undefined && pattern.length > MAX_PATTERN_LENGTH) return bad('pattern too long');
  if (key !== undefined && (key === '' || key.length > MAX_KEY_LENGTH)) {
    return bad('an idempotency key has 1 to 256 characters');
  }
  let headers: Record<string, string> | undefined;
  if (headersText !== undefined) {
    const parsed = parseHeaders(headersText);
    if (typeof parsed === 'string') return bad(parsed);
    headers = parsed;
  }
  return { id, addedAt: timeOf(id), header, data, headers, key, pattern, group };
}

function parseHeaders(text: string): Record<string, string> | string {
  if (text.length > MAX_HEADERS_LENGTH) return 'headers too large';
  const parsed = readJson(text);
  if (!parsed.ok) return `headers: ${parsed.reason}`;
  const value = parsed.value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'headers are not an object';
  }
  return isTexts(value) ? value : 'a header is not a string';
}

/** Milliseconds part of an entry id. */
export function timeOf(id: string): number {
  return Number.parseInt(id, 10);
}

/** Orders entry ids as Redis does. */
export function compareIds(a: string, b: string): number {
  const dashA = a.indexOf('-');
  const dashB = b.indexOf('-');
  const byTime = compareNumbers(a.slice(0, dashA), b.slice(0, dashB));
  return byTime !== 0 ? byTime : compareNumbers(a.slice(dashA + 1), b.slice(dashB + 1));
}

/** Both parts of an id have 64 bits; numbers tell them apart up to 53. */
function compareNumbers(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  if (difference !== 0 || a.length < 16 || a === b) return difference;
  return a < b ? -1 : 1;
}

/** The id that many steps further: ids of one script and stream are contiguous. */
export function idAfter(id: string, steps = 1): string {
  const dash = id.indexOf('-');
  const last = Number(id.slice(dash + 1)) + steps;
  if (Number.isSafeInteger(last)) return `${id.slice(0, dash)}-${last}`;
  if (!isEntryId(id)) return id;
  return `${id.slice(0, dash)}-${BigInt(id.slice(dash + 1)) + BigInt(steps)}`;
}
