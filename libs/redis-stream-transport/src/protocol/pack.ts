import { FIELD, readHeaders, timeOf, type Entry, type Malformed, type RawEntry } from './entry.js';
import {
  parseHeader,
  requestHeader,
  UNREAD,
  wireCodec,
  type Header,
  type WireCodec,
} from './header.js';
import { wrongKey } from './idempotency-key.js';
import { isCallerId, isCallId } from './limits.js';
import { wrongPattern } from './named-pattern.js';
import { PROTOCOL_VERSION } from './version.js';

/** Calls that a pack may hold. Readers take no more; senders put in fewer. */
export const MAX_PACK = 64;

/** A call of a pack that waits or runs, one that was marked before it started, and one that has ended. */
export const OPEN = '.';
export const MARKED = 't';
export const ENDED = 'x';

/** Stands between the texts of a pack. No text of JSON that we write holds a line feed. */
const BETWEEN = ',\n';
const LINE = `${PROTOCOL_VERSION} pack.`;
/** The caller in the header line of a pack of events. */
export const NOBODY = '-';

/** Several calls of one caller and one pattern in one entry, or several events of one pattern. */
export interface PackedEntry {
  readonly id: string;
  /** They are events: each group handles all of them, and notes for itself which have ended. */
  readonly areEvents: boolean;
  /** In their order. A call that cannot be understood is what is wrong with it. */
  readonly members: readonly (Entry | Malformed)[];
}

export const isPack = (entry: PackedEntry | Malformed | undefined): entry is PackedEntry =>
  entry !== undefined && 'members' in entry;

/**
 * The calls of an entry; undefined where the entry is no pack. What is wrong with one call says nothing
 * of the others: texts are told apart without being understood, and the ids of the calls stand outside of the data.
 *
 * - `c`: a header line with `pack.` before the codec, and the number of calls in the place of the call;
 * - `m`: the ids of the calls, joined by commas;
 * - `d`: `[`, the data of each call, joined by a comma and a line feed, `]`;
 * - `h`: the headers in the same form, `null` for a call without headers; left out where all are without;
 * - `k`: the idempotency keys as JSON strings, in the same form as the headers;
 * - `p`: the pattern, as in other entries.
 *
 * A pack of events has `-` in the place of the caller, and no field `m`.
 *
 * @param maxPayload characters of one call's data
 */
export function unpack(raw: RawEntry, maxPayload: number): PackedEntry | Malformed | undefined {
  const { id, fields } = raw;
  const line = fieldOf(fields, FIELD.header);
  if (line?.startsWith(LINE) !== true) return undefined;
  const [codec = '', count = '', caller, ...terms] = line.slice(LINE.length).split(' ');
  if (caller === NOBODY) return events(raw, [codec, count, ...terms], maxPayload);
  const named = fieldOf(fields, FIELD.members)?.split(',', MAX_PACK + 1) ?? [];
  const known = parseHeader(`${PROTOCOL_VERSION} ${line.slice(LINE.length)}`);
  const ids = caller !== undefined && isCallerId(caller) && named.every(isCallId) ? named : [];
  const wrong = (malformed: string): PackedEntry | Malformed => {
    // Each caller that can be told is told. Where none can, the entry as a whole is malformed.
    if (caller === undefined || ids.length === 0 || ids.length > MAX_PACK) {
      return { id, malformed, header: undefined };
    }
    const members = ids.map((call) => ({ id, malformed, header: { ...UNREAD, call, caller } }));
    return { id, areEvents: false, members };
  };
  if (typeof known === 'string') return wrong(known);
  if (ids.length !== Number(known.call))
    return wrong(`a pack of ${known.call} calls names ${named.length}`);
  const parts = partsOf(raw, ids.length, maxPayload);
  if (typeof parts === 'string') return wrong(parts);
  const members = ids.map((call, place) => member(parts, headerOf(known, call), place));
  return { id, areEvents: false, members };
}

/** How many events an entry with this header line holds as a pack; 0: it is no pack of events. */
export function eventsIn(line: string): number {
  return Math.min(MAX_PACK, Number(/^1 pack\.\S+ ([1-9]\d?) - /.exec(line)?.[1] ?? 0));
}

/** The header line of a pack as each of its calls or events would have it by itself. */
export function withoutPack(line: string): string {
  return eventsIn(line) === 0
    ? line.replace(' pack.', ' ')
    : line.replace(/ pack\.(\S+) \d+ /, ` $1 ${NOBODY} `);
}

/** Nobody can be told what is wrong with a pack of events: then the entry as a whole is malformed. */
function events(
  raw: RawEntry,
  words: readonly string[],
  maxPayload: number,
): PackedEntry | Malformed {
  const { id } = raw;
  const [codec, count = '', ...terms] = words;
  const header = parseHeader([PROTOCOL_VERSION, codec, NOBODY, NOBODY, ...terms].join(' '));
  if (typeof header === 'string') return { id, malformed: header, header: undefined };
  const wrong = (malformed: string): Malformed => ({ id, malformed, header });
  const size = Number(count);
  if (!/^[1-9]\d?$/.test(count) || size > MAX_PACK) return wrong(`a pack of ${count} events`);
  const parts = partsOf(raw, size, maxPayload);
  if (typeof parts === 'string') return wrong(parts);
  const members = parts.data.map((_, place) => member(parts, header, place));
  return { id, areEvents: true, members };
}

/** What the members of a pack are made of, or what is wrong with all of them. */
function partsOf({ id, fields }: RawEntry, count: number, maxPayload: number): PackParts | string {
  const pattern = fieldOf(fields, FIELD.pattern);
  const misnamed = wrongPattern(pattern);
  if (misnamed !== undefined) return misnamed;
  const data = textsOf(fieldOf(fields, FIELD.data), count);
  if (data === undefined) return `a pack of ${count} has other data`;
  const written = fieldOf(fields, FIELD.headers);
  const headers = written === undefined ? [] : textsOf(written, count);
  if (headers === undefined) return `a pack of ${count} has other headers`;
  const keyed = fieldOf(fields, FIELD.key);
  const keys = keyed === undefined ? [] : textsOf(keyed, count);
  if (keys === undefined) return `a pack of ${count} has other keys`;
  return { id, addedAt: timeOf(id), pattern, maxPayload, data, headers, keys };
}

/** What the calls of a pack have in common. */
export interface PackHeader {
  readonly codec: WireCodec;
  /** `NOBODY` for events. */
  readonly caller: string;
  readonly depth: number;
  readonly once: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  /** In a lane that several patterns share. */
  readonly pattern: string | undefined;
}

/** What each of them has. */
export interface PackedCall {
  /** Events have none. */
  readonly id: string;
  readonly data: string;
  /** JSON. */
  readonly headers: string | undefined;
  readonly key: string | undefined;
}

/** The fields of a pack, as `unpack` reads them. */
export function packFields(header: PackHeader, calls: readonly PackedCall[]): string[] {
  const { codec, caller, depth, once, timeout, pattern } = header;
  const isText = !codec.startsWith('json') && !codec.startsWith('obj');
  const data = calls.map((call) => (isText ? JSON.stringify(call.data) : call.data));
  const flags = (once ? ' once' : '') + (depth === 0 ? '' : ` depth=${depth}`);
  const line = `${LINE}${codec} ${calls.length} ${caller} ${timeout}${flags}`;
  const fields: string[] = [FIELD.header, line];
  if (caller !== NOBODY) fields.push(FIELD.members, calls.map(({ id }) => id).join(','));
  fields.push(FIELD.data, `[${data.join(BETWEEN)}]`);
  if (calls.some(({ headers }) => headers !== undefined)) {
    fields.push(FIELD.headers, `[${calls.map(({ headers }) => headers ?? 'null').join(BETWEEN)}]`);
  }
  if (calls.some(({ key }) => key !== undefined)) {
    fields.push(FIELD.key, `[${calls.map(({ key = null }) => JSON.stringify(key)).join(BETWEEN)}]`);
  }
  if (pattern !== undefined) fields.push(FIELD.pattern, pattern);
  return fields;
}

/** Whether a text can stand in a pack: none that we write holds a line feed, and that is what parts them. */
export const fitsPack = (text: string): boolean => !text.includes('\n');

/** Whether an entry says that it is a pack. */
export const isPacked = ({ fields }: RawEntry): boolean =>
  fieldOf(fields, FIELD.header)?.startsWith(LINE) === true;

/** The fields of a call as if it were an entry of its own: what a dead letter keeps of it. */
export function fieldsOfMember({ header, data, headers, key, pattern }: Entry): string[] {
  const written = headers === undefined ? undefined : JSON.stringify(headers);
  return ownFields(header, { data, headers: written, key, pattern });
}

/** What is written of a call. */
interface MemberTexts extends Pick<Entry, 'data' | 'key' | 'pattern'> {
  /** JSON, or what stands in its place. */
  readonly headers: string | undefined;
}

function ownFields(header: Header, { data, headers, key, pattern }: MemberTexts): string[] {
  const { codec, codecName, call = '-', caller = '-', timeout, idle, once, depth } = header;
  const written = wireCodec(codec, codecName);
  const line = requestHeader({ codec: written, call, caller, timeout, idle, once, depth });
  const fields: string[] = [FIELD.header, line, FIELD.data, data];
  if (headers !== undefined) fields.push(FIELD.headers, headers);
  if (key !== undefined) fields.push(FIELD.key, key);
  if (pattern !== undefined) fields.push(FIELD.pattern, pattern);
  return fields;
}

/** The header of one call. Written out: a copy of all properties takes four times as long. */
function headerOf(shared: Header, call: string): Header {
  const { version, codec, codecName, caller, timeout, idle, once, depth, message } = shared;
  return { version, codec, codecName, call, caller, timeout, idle, once, depth, message };
}

/** What the calls of a pack are made of; in lists, a text for each call. */
interface PackParts extends Pick<Entry, 'id' | 'addedAt' | 'pattern'> {
  readonly data: readonly string[];
  readonly headers: readonly string[];
  readonly keys: readonly string[];
  readonly maxPayload: number;
}

function member(parts: PackParts, header: Header, place: number): Entry | Malformed {
  const { id, addedAt, pattern, maxPayload } = parts;
  const text = parts.data[place] as string;
  const headersText = given(parts.headers[place]);
  const keyText = given(parts.keys[place]);
  // What a serializer returned as a text stands as a JSON string.
  const data = header.codec === 'text' || header.codec === 'b64' ? stringIn(text) : text;
  const key = keyText === undefined ? undefined : stringIn(keyText);
  const bad = (malformed: string): Malformed => {
    // Nothing else keeps what stands there.
    const texts = { data: data ?? text, headers: headersText, key: key ?? keyText, pattern };
    return { id, malformed, header, fields: ownFields(header, texts) };
  };
  if (data === undefined) return bad('the data of a serializer is not a text');
  if (data.length > maxPayload) return bad('payload too large');
  const headers = headersText === undefined ? undefined : readHeaders(headersText);
  if (typeof headers === 'string') return bad(headers);
  const wrong = keyText === undefined ? undefined : wrongKey(key);
  if (wrong !== undefined) return bad(wrong);
  return { id, addedAt, header, data, headers, key, pattern, group: undefined };
}

const given = (text: string | undefined): string | undefined =>
  text === 'null' ? undefined : text;

function stringIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The first value of a field, as in every entry. */
function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
}

function textsOf(list: string | undefined, count: number): string[] | undefined {
  if (list?.startsWith('[') !== true || !list.endsWith(']') || list.length < 2) return undefined;
  const texts = list.slice(1, -1).split(BETWEEN, count + 1);
  return texts.length === count ? texts : undefined;
}
