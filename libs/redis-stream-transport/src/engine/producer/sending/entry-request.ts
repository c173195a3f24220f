import type { StoredEntry } from '../../../options/index.js';
import type { WireCodec } from '../../../protocol/header.js';
import type { ClassOf } from '../../../redis/operations/calling/sections.js';

/** What an application wants to store: the part that calls and events share. */
export interface EntryRequest {
  readonly pattern: string;
  readonly stream: string;
  readonly codec: WireCodec;
  readonly data: string;
  /** JSON of the headers, or undefined. */
  readonly headers: string | undefined;
  readonly key: string | undefined;
  /** The entry must name its pattern, because several patterns share its lane. */
  readonly namePattern: boolean;
  /** Never started twice. */
  readonly once: boolean;
  /** Milliseconds that the whole call may take, or that it may take to store an event. */
  readonly timeout: number;
  /** Of an event: milliseconds in its stream after which it is not started any more; 0: it does not expire. */
  readonly expiresIn: number;
  /** Is told where it is stored. Never throws. */
  readonly onStored?: ((stored: StoredEntry) => void) | undefined;
  /** It goes to this stream instead, if all who read `stream` read it too; undefined: it is for that of its pattern. */
  readonly ofClass?: ClassOf | undefined;
  /** When it is due, if that is later, and whether it may be there already. */
  readonly schedule?: Schedule | undefined;
  /** Writes the data where they are bound to the entry that they are for; each entry gets data of its own. */
  readonly seal?: ((entry: Addressed) => Promise<WrittenData>) | undefined;
}

/** When an entry is due, and whether it may be there already. */
export interface Schedule {
  /** By which it is known while it waits: of an event; that of a call is made of caller and call. */
  readonly id: string;
  /** Milliseconds from when the application made it, about where there is a time. Undefined: it is due at once. */
  readonly wait: number | undefined;
  /** By Redis' clock (milliseconds since 1970); undefined: after `wait`. */
  readonly notBefore: number | undefined;
  /** Another event of the pattern with the same one adds nothing, for `window` milliseconds after this one is due. */
  readonly messageId: string | undefined;
  readonly window: number;
}

/** The stream of an entry, whose class is known once it is stored. */
export function streamOf({ stream, ofClass }: EntryRequest, isInClass: boolean): string {
  return isInClass && ofClass !== undefined ? ofClass.stream : stream;
}

/** The entry that sealed data are for. */
export interface Addressed {
  readonly stream: string;
  /** Ids of caller and call; undefined for an event. */
  readonly caller: string | undefined;
  readonly call: string | undefined;
  /** Milliseconds in which it may still be stored. */
  readonly within: number;
}

/** Data as it is sent. */
export type WrittenData = Pick<EntryRequest, 'codec' | 'data'>;

/** Whether an entry has more than the two fields. */
export function hasExtraFields(request: EntryRequest): boolean {
  const { headers, key, namePattern, schedule } = request;
  return headers !== undefined || key !== undefined || namePattern || schedule !== undefined;
}

/**
 * The values of the fields `c` and `d`; of an entry with extra fields, its whole field list.
 *
 * @param line the header line
 */
export function fieldsOf(request: EntryRequest, line: string): string[] {
  const { data, headers, key, namePattern, pattern } = request;
  if (!hasExtraFields(request)) return [line, data];
  const fields = ['c', line, 'd', data];
  if (headers !== undefined) fields.push('h', headers);
  if (key !== undefined) fields.push('k', key);
  if (namePattern) fields.push('p', pattern);
  return fields;
}

/**
 * What is written for an entry with a schedule: its id, when it is due, how long another one adds nothing, and its field list.
 *
 * @param age milliseconds since the application made it
 */
export function scheduledFields(
  { id, wait, notBefore, messageId, window }: Schedule,
  fields: readonly string[],
  age: number,
): string[] {
  const later = wait === undefined ? '' : `+${Math.max(0, Math.round(wait - age))}`;
  return [
    id,
    String(notBefore ?? later),
    messageId === undefined ? '0' : String(window),
    ...fields,
  ];
}
