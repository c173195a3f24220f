import { RedisStreamsError } from '../errors.js';
import { resolveRecordOptions, type Headers } from '../options/index.js';
import { FIELD } from '../protocol/entry.js';
import { eventHeader, type WireCodec } from '../protocol/header.js';
import { headersText, OutgoingData } from '../nest/outgoing-data.js';
import type { Letter } from './letter.js';

/** What a replay puts in the place of what the letter has. */
export interface ReplayChanges {
  /** New data, written as JSON. Default: the data as it was. */
  readonly data?: unknown;
  /** New headers, in the place of all that were there. Default: the headers as they were. */
  readonly headers?: Headers;
}

/**
 * Fields of the entry that a letter becomes: an event for this group alone, because the other groups
 * have had theirs and the caller of a request has had its error. Its deadline has passed, so it gets
 * none; its counts begin at zero, and its history is noted beside them.
 *
 * @throws RedisStreamsError INVALID_MESSAGE, INVALID_OPTION, PAYLOAD_TOO_LARGE
 */
export function replayFields(
  letter: Letter,
  group: string,
  changes: ReplayChanges,
  maxPayloadBytes: number,
): string[] {
  const { entry, fields } = letter;
  const { pattern, stream, text, replayed, originalId } = entry;
  const renewed = 'data' in changes;
  if (entry.broadcast || !(entry.replayable || (renewed && pattern !== ''))) {
    const why = entry.broadcast
      ? 'is of a broadcast, whose group goes with the instance'
      : 'is not whole or cannot be read; it can be replayed with new data';
    throw new RedisStreamsError('INVALID_MESSAGE', `dead letter ${entry.id} ${why}`, { pattern });
  }
  const codec = renewed ? 'json' : (entry.codec ?? 'json');
  const data = renewed
    ? new OutgoingData(maxPayloadBytes).json(changes.data, pattern)
    : (text as string);
  const headers = headersOf(changes, fields, pattern);
  const key = fields.get(FIELD.key);
  return [
    FIELD.header,
    lineOf(letter, codec, renewed),
    FIELD.data,
    data,
    ...(headers === undefined ? [] : [FIELD.headers, headers]),
    ...(key === undefined ? [] : [FIELD.key, key]),
    ...(stream === pattern ? [] : [FIELD.pattern, pattern]),
    FIELD.group,
    group,
    FIELD.replay,
    `${replayed + 1} ${originalId}`,
  ];
}

function lineOf({ entry, header, fields }: Letter, codec: WireCodec, renewed: boolean): string {
  // Written by a newer version for services that know it by now.
  if (entry.reason === 'version' && !renewed) return fields.get(FIELD.header) as string;
  const line = eventHeader(codec, header?.once ?? false);
  // A pattern may have handlers of both kinds.
  return entry.kind === 'request' || header?.message === true ? `${line} message` : line;
}

function headersOf(
  changes: ReplayChanges,
  fields: Letter['fields'],
  pattern: string,
): string | undefined {
  if (changes.headers === undefined) return fields.get(FIELD.headers);
  const { headers = {} } = resolveRecordOptions({ headers: changes.headers });
  return headersText(headers, pattern);
}
