import { FIELD, type RawEntry } from '../protocol/entry.js';
import { parseHeader, wireCodec, type Header, type WireCodec } from '../protocol/header.js';
import { isTexts, readJson } from '../protocol/json.js';
import { wrongPattern } from '../protocol/named-pattern.js';
import { numberOf } from '../redis/answer.js';

/**
 * Why an entry became a dead letter.
 * - `untrusted`: it was not sealed as it must be.
 * - `malformed`: it could not be read; `version`: its protocol version is not known.
 * - `deliveries`: instances died over it, or lost their leases, too often.
 * - `attempts`: its retries are used up; `handler`: a handler asked for it; `final`: no retry could help.
 * - `expired`: an event whose time was over before a handler could start.
 * - `idempotency`: an event whose idempotency key belongs to other data.
 */
export type DeadLetterReason =
  | 'untrusted'
  | 'malformed'
  | 'version'
  | 'deliveries'
  | 'attempts'
  | 'final'
  | 'handler'
  | 'expired'
  | 'idempotency';

/** A dead letter: the entry as it was, and what happened to it. */
export interface DeadLetterEntry {
  /** Names the letter; of two letters in one shard the older one's is the lower. */
  readonly id: string;
  readonly reason: DeadLetterReason;
  /** Text of the last error, at most 1,024 characters. */
  readonly error: string;
  /**
   * Name, code and stack of what was thrown, its causes included, of at most 128, 128 and 4,096 characters;
   * undefined where there was none. A stack may hold secrets.
   */
  readonly errorName: string | undefined;
  readonly errorCode: string | undefined;
  readonly errorStack: string | undefined;
  readonly pattern: string;
  /** The stream it was read from: the pattern, or its lane. */
  readonly stream: string;
  /** `unreadable`: not even the header line says which. */
  readonly kind: 'request' | 'event' | 'unreadable';
  /** Id of the entry, whose first part is the time at which it was stored. */
  readonly entryId: string;
  /** How often it was handed to an instance. */
  readonly deliveries: number;
  /** How often its handlers were tried and failed; 0 where none was, as for `malformed` and `version`. */
  readonly attempts: number;
  /** The instance that gave it up. */
  readonly consumer: string;
  /** When it was given up, in milliseconds since 1970 by Redis' clock. */
  readonly at: number;
  /** The data, if it is JSON that may be parsed. */
  readonly data: unknown;
  /** The data as it stood in the entry; undefined when it was missing or too long to be kept. */
  readonly text: string | undefined;
  /** How `text` was written; undefined when that cannot be read. */
  readonly codec: WireCodec | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** How often it was replayed before, and the id of the first entry. */
  readonly replayed: number;
  readonly originalId: string;
  /**
   * Whether it can be replayed as it is. Otherwise its data is not whole or not readable, and new data
   * must be given; or it was a broadcast's, and cannot be replayed at all.
   */
  readonly replayable: boolean;
  /** Read for a broadcast handler: its group went with its instance. */
  readonly broadcast: boolean;
}

/** A letter, and what a replay takes over from it as it is. */
export interface Letter {
  readonly entry: DeadLetterEntry;
  readonly header: Header | undefined;
  readonly fields: ReadonlyMap<string, string>;
}

/** With the data that it has it would become a letter again. */
const UNREPLAYABLE: ReadonlySet<string> = new Set(['malformed', 'untrusted']);

export function readLetter({ id, fields: list }: RawEntry, prefix: string): Letter {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < list.length; i += 2) {
    // Ours come first, and of the entry's own fields the first one counts.
    if (!fields.has(list[i] as string)) fields.set(list[i] as string, list[i + 1] as string);
  }
  const of = (name: string): string => fields.get(name) ?? '';
  const parsed = parseHeader(of(FIELD.header));
  const header = typeof parsed === 'string' ? undefined : parsed;
  const text = fields.get(FIELD.data);
  const headers = fields.get(FIELD.headers);
  const read = header?.codec === 'json' && text ? readJson(text) : undefined;
  const [replayed, originalId] = of(FIELD.replay).split(' ');
  const broadcast = fields.has('broadcast');
  const named = fields.get(FIELD.pattern);
  const whole = text !== undefined && !fields.has(`${FIELD.headers}-sha256`);
  const entry: DeadLetterEntry = {
    id: prefix + id,
    reason: of('reason') as DeadLetterReason,
    error: of('error'),
    errorName: fields.get('error-name'),
    errorCode: fields.get('error-code'),
    errorStack: fields.get('error-stack'),
    // In a lane an entry that could not be read names its pattern all the same.
    pattern: named === undefined || wrongPattern(named) !== undefined ? of('pattern') : named,
    stream: of('stream'),
    kind: header === undefined ? 'unreadable' : header.call === undefined ? 'event' : 'request',
    entryId: of('id'),
    deliveries: numberOf(of('deliveries')),
    attempts: numberOf(of('attempts')),
    consumer: of('consumer'),
    at: numberOf(of('at')),
    data: read?.ok === true ? read.value : undefined,
    text,
    codec: header && wireCodec(header.codec, header.codecName),
    headers: readHeaders(headers),
    replayed: numberOf(replayed),
    originalId: originalId ?? of('id'),
    replayable: !broadcast && whole && header !== undefined && !UNREPLAYABLE.has(of('reason')),
    broadcast,
  };
  return { entry, header, fields };
}

function readHeaders(text: string | undefined): Readonly<Record<string, string>> {
  const read = text === undefined ? undefined : readJson(text);
  return read?.ok === true && isTexts(read.value) ? read.value : {};
}
