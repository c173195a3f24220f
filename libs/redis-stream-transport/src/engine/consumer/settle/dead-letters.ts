import { createHash } from 'node:crypto';
import { FIELD, type RawEntry } from '../../../protocol/entry.js';
import { REPLY } from '../../../protocol/frame.js';
import { fieldsOfMember, isPacked } from '../../../protocol/pack.js';
import type { Delivery } from '../run/delivery.js';
import { faultText, type FailedAttempt, type DeadLetterCause } from '../run/ends.js';
import { thrownFacts, type Thrown } from '../../../thrown.js';

/** Characters that a dead letter keeps of a field that is too long. */
const KEPT = 4096;
/** Most characters of a field that is kept whole. */
const WHOLE = 1_048_576;
/** Most characters of an error's text. */
const DETAIL = 1024;

/** For operators only: a stack may hold secrets, so none of this is ever in a reply. */
function thrownFields(thrown: unknown): string[] {
  const { name, code, stack } = thrownFacts(thrown);
  const fields = ['error-name', name];
  if (code !== undefined) fields.push('error-code', code);
  if (stack !== undefined) fields.push('error-stack', stack);
  return fields;
}

/** Dead letters that a group keeps; the oldest are removed first. */
export const DEAD_LETTERS_KEPT = 10_000;

export interface DeadLetterFacts {
  readonly stream: string;
  readonly pattern: string;
  readonly reason: string;
  readonly detail: string;
  /** What was thrown; undefined if nothing was. */
  readonly thrown: Thrown | undefined;
  readonly deliveries: number;
  readonly attempts: number;
  readonly consumer: string;
  /** It was read for broadcast handlers, whose group ends with the instance. */
  readonly broadcast: boolean;
  /** Redis' clock, milliseconds. */
  readonly at: number;
}

/**
 * Returns the fields of a dead letter: those of the entry, and what happened to it. A field that is too long is
 * replaced by its SHA-256 and its beginning.
 */
export function deadLetterFields(raw: RawEntry, facts: DeadLetterFacts): string[] {
  const fields = [
    'stream',
    facts.stream,
    'pattern',
    facts.pattern,
    'id',
    raw.id,
    'reason',
    facts.reason,
    'error',
    facts.detail.slice(0, DETAIL),
    'deliveries',
    String(facts.deliveries),
    'attempts',
    String(facts.attempts),
    'consumer',
    facts.consumer,
    'at',
    String(Math.floor(facts.at)),
  ];
  if (facts.broadcast) fields.push('broadcast', '1');
  if (facts.thrown !== undefined) fields.push(...thrownFields(facts.thrown.value));
  const known = new Set<string>(Object.values(FIELD));
  for (let i = 0; i + 1 < raw.fields.length; i += 2) {
    const name = raw.fields[i] as string;
    const value = raw.fields[i + 1] as string;
    if (!known.delete(name)) continue;
    if (value.length <= WHOLE) {
      fields.push(name, value);
    } else {
      const digest = createHash('sha256').update(value).digest('hex');
      fields.push(`${name}-sha256`, digest, `${name}-begins`, value.slice(0, KEPT));
    }
  }
  return fields;
}

/** The entry of a delivery as it was read; of a call of a pack, as it would be without the others. */
export function ownPart({ pack, raw, name, entry }: Delivery): RawEntry {
  if (pack === undefined) return raw;
  return { id: name, fields: isPacked(raw) ? fieldsOfMember(entry) : raw.fields };
}

/** The dead letter of an entry whose last permitted attempt has failed. */
export function lastLetter(
  { detail, thrown, error }: FailedAttempt,
  attempts: number,
): DeadLetterCause {
  const letter = { reason: 'attempts', detail, thrown };
  if (error !== undefined) return { ...letter, ...error };
  const told = `gave up after ${attempts} attempts`;
  return {
    ...letter,
    kind: REPLY.fault,
    payload: faultText('DEAD_LETTERED', told, 'may-have-run'),
  };
}
