import type { WireCodec } from '../../../protocol/header.js';

/** What an application wants to store: the part that calls and events share. */
export interface EntryRequest {
  readonly pattern: string;
  readonly stream: string;
  readonly codec: WireCodec;
  readonly data: string;
  /** JSON of the headers, or undefined. */
  readonly headers: string | undefined;
  readonly key: string | undefined;
  /** The lane is shared, so the entry must name its pattern. */
  readonly namePattern: boolean;
  /** Never started twice. */
  readonly once: boolean;
  /** Milliseconds: of the whole call, or within which an event is stored or rejected. */
  readonly timeout: number;
}

/** Data as it travels. */
export type WrittenData = Pick<EntryRequest, 'codec' | 'data'>;

/** Whether an entry has more than the two fields. */
export function hasExtraFields({ headers, key, namePattern }: EntryRequest): boolean {
  return headers !== undefined || key !== undefined || namePattern;
}

/** Values of `c` and `d`, or if the entry has extra fields its field list. */
export function fieldsOf(request: EntryRequest, line: string): string[] {
  const { data, headers, key, namePattern, pattern } = request;
  if (!hasExtraFields(request)) return [line, data];
  const fields = ['c', line, 'd', data];
  if (headers !== undefined) fields.push('h', headers);
  if (key !== undefined) fields.push('k', key);
  if (namePattern) fields.push('p', pattern);
  return fields;
}
