import { parseHeader, senderOf, type Header } from './header.js';
import { wrongKey } from './idempotency-key.js';
import { isEntryId, MAX_HEADERS_LENGTH } from './limits.js';
import { wrongPattern } from './named-pattern.js';
import { isTexts, readJson } from './json.js';

/** Names of the fields of a stream entry. Readers ignore other fields. */
export const FIELD = {
  /** The header line, see `header.ts`. */
  header: 'c',
  /** The data, written as the header's codec says. */
  data: 'd',
  /** Headers: a JSON object with texts. */
  headers: 'h',
  /** Idempotency key. */
  key: 'k',
  /** The pattern, in a lane that several patterns share. */
  pattern: 'p',
  /** Ids of the calls of a pack, see `pack.ts`. */
  members: 'm',
  /** Of an event that was replayed: the group that it is for. */
  group: 'g',
  /** Of an event that was replayed: how often, and the id of the first entry. */
  replay: 'r',
} as const;

/** An entry as Redis gives it: its id, and a flat list of names and values of its fields. */
export interface RawEntry {
  readonly id: string;
  readonly fields: readonly string[];
}

export interface Entry {
  readonly id: string;
  /** When it was added (clock of Redis, ms): the first part of the id. */
  readonly addedAt: number;
  readonly header: Header;
  readonly data: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly key: string | undefined;
  readonly pattern: string | undefined;
  /** The only group that it is for; undefined: it is for all. */
  readonly group: string | undefined;
}

/** An entry that cannot be understood. A value, not an exception: one bad entry must not end a read loop. */
export interface Malformed {
  readonly id: string;
  /** What is wrong with it. */
  readonly malformed: string;
  /** Present if its sender could be read, so that the caller can be told. */
  readonly header: Header | undefined;
  /** Of a call or an event of a pack: its fields, as if it were an entry of its own. */
  readonly fields?: readonly string[];
}

export const isMalformed = (entry: Entry | Malformed): entry is Malformed => 'malformed' in entry;

/** Reads an entry, or says what is wrong with it. `maxPayload` is in bytes. */
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
  const wrong = wrongPattern(pattern) ?? (key === undefined ? undefined : wrongKey(key));
  if (wrong !== undefined) return bad(wrong);
  let headers: Record<string, string> | undefined;
  if (headersText !== undefined) {
    const parsed = readHeaders(headersText);
    if (typeof parsed === 'string') return bad(parsed);
    headers = parsed;
  }
  return { id, addedAt: timeOf(id), header, data, headers, key, pattern, group };
}

/** The headers of an entry, or what is wrong with them. */
export function readHeaders(text: string): Record<string, string> | string {
  if (text.length > MAX_HEADERS_LENGTH) return 'headers too large';
  const parsed = readJson(text);
  if (!parsed.ok) return `headers: ${parsed.reason}`;
  const value = parsed.value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'headers are not an object';
  }
  return isTexts(value) ? value : 'a header is not a string';
}

/** The time in an entry id (clock of Redis, ms). */
export function timeOf(id: string): number {
  return Number.parseInt(id, 10);
}

/** Compares entry ids as Redis orders them: negative, 0 or positive. */
export function compareIds(a: string, b: string): number {
  const dashA = a.indexOf('-');
  const dashB = b.indexOf('-');
  const byTime = compareNumbers(a.slice(0, dashA), b.slice(0, dashB));
  return byTime !== 0 ? byTime : compareNumbers(a.slice(dashA + 1), b.slice(dashB + 1));
}

/** Compares one part of two ids. It has 64 bits, and numbers are exact only up to 53. */
function compareNumbers(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  if (difference !== 0 || a.length < 16 || a === b) return difference;
  return a < b ? -1 : 1;
}

/** The id that is so many steps after another. The ids that one script adds to a stream are contiguous. */
export function idAfter(id: string, steps = 1): string {
  const dash = id.indexOf('-');
  const last = Number(id.slice(dash + 1)) + steps;
  if (Number.isSafeInteger(last)) return `${id.slice(0, dash)}-${last}`;
  if (!isEntryId(id)) return id;
  return `${id.slice(0, dash)}-${BigInt(id.slice(dash + 1)) + BigInt(steps)}`;
}
