import { clockOf, todayOf } from '../engine/clock.js';
import { RedisStreamsError } from '../errors.js';
import { sealingError } from '../nest/outgoing-data.js';
import type { RedisTarget } from '../options/index.js';
import type { OutgoingFacts, Sealer } from '../options/sealing.js';
import { FIELD, readHeaders } from '../protocol/entry.js';
import { wireCodec } from '../protocol/header.js';
import { SEALED_CODEC } from '../protocol/sealed-text.js';
import type { Letter } from './letter.js';
import { replayFields, type ReplayChanges } from './replay-fields.js';

const WIRE = wireCodec('text', SEALED_CODEC);

export interface ReplaySealing {
  readonly sealer: Sealer;
  /** The stream that the letter was for, and is put back into. */
  readonly to: string;
  readonly maxPayloadBytes: number;
  /** Milliseconds in which it may still be stored. */
  readonly timeout: number;
  /** Brings the clock. */
  readonly redis: RedisTarget;
}

/**
 * The same as `replayFields`, sealed by who puts the letter back. A letter keeps its own seal inside, so its service
 * still knows who sent it; new data are those of the operator.
 *
 * @throws RedisStreamsError as `replayFields`, KEY_UNAVAILABLE
 */
export async function sealedReplayFields(
  letter: Letter,
  group: string,
  changes: ReplayChanges,
  { sealer, to: stream, maxPayloadBytes, timeout: within, redis }: ReplaySealing,
): Promise<string[]> {
  const { pattern, id, codec, text } = letter.entry;
  const renewed = 'data' in changes;
  if (!renewed && (codec !== WIRE || changes.headers !== undefined)) {
    const why =
      codec === WIRE ? 'is sealed with its headers' : 'is not sealed, so it needs new data';
    throw new RedisStreamsError('INVALID_MESSAGE', `dead letter ${id} ${why}`, { pattern });
  }
  const fields = pairs(replayFields(letter, group, changes, maxPayloadBytes));
  const line = (fields.get(FIELD.header) ?? '').replace(/^1 \S+ /, `1 ${WIRE} `);
  const headers = headersIn(fields.get(FIELD.headers));
  const hides = renewed && sealer.hidesHeaders;
  if (hides) fields.delete(FIELD.headers);
  const facts: OutgoingFacts = {
    ...{ pattern, stream, caller: undefined, call: undefined, idle: 0, within, group },
    now: todayOf(clockOf(redis)),
    ...{ once: / once\b/.test(line), message: line.endsWith(' message') },
    ...{ key: fields.get(FIELD.key), headers: hides ? undefined : headers },
  };
  const metadata = headers === undefined ? {} : { metadata: headers };
  const seal = (): Promise<string> =>
    renewed
      ? sealer.entry({ pattern, data: changes.data, ...metadata }, facts)
      : sealer.letter({ text: text as string, ...factsOf(letter), stream }, facts);
  const data = await seal().catch((error: unknown) => {
    throw sealingError(error, pattern);
  });
  if (Buffer.byteLength(data) > maxPayloadBytes) {
    const message = `dead letter ${id}, sealed again, is longer than "maxPayloadBytes"`;
    throw new RedisStreamsError('PAYLOAD_TOO_LARGE', message, { pattern });
  }
  fields.set(FIELD.header, line).set(FIELD.data, data);
  return [...fields].flat();
}

/** What the seal of the letter binds. */
function factsOf({ entry: { pattern }, header, fields }: Letter) {
  const { caller, call, idle = 0, once = false, message = false } = header ?? {};
  return {
    ...{ pattern, caller, call, idle, once, message },
    ...{ group: fields.get(FIELD.group), key: fields.get(FIELD.key) },
    headers: headersIn(fields.get(FIELD.headers)),
  };
}

function headersIn(text: string | undefined): Readonly<Record<string, string>> | undefined {
  const read = text === undefined ? undefined : readHeaders(text);
  return typeof read === 'string' ? undefined : read;
}

function pairs(list: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i + 1 < list.length; i += 2) map.set(list[i] as string, list[i + 1] as string);
  return map;
}
