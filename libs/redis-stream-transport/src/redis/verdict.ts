import { isEntryId } from '../protocol/limits.js';
import { numberOf } from './answer.js';
import { bareMessage } from './bare-error.js';
import { CommandFailure } from './failure.js';

/**
 * Why entries of a batch were not stored: no instance serves the pattern, none ever did, the stream is full, an error.
 */
export type Refusal = 'NONE' | 'NEVER' | 'FULL' | 'E';

/** What became of one section: its first `count` entries were stored, with contiguous ids from `first` on. */
export interface SectionVerdict {
  readonly first: string;
  readonly count: number;
  /** Why the entries after them were not stored; undefined if all were. */
  readonly refusal: Refusal | undefined;
  /** Redis' own error, if that is the reason. */
  readonly error?: CommandFailure;
  /** Too few replicas have what was stored, so it may be lost with its server: why. */
  readonly unsafe?: Error;
  /** The stream holds more than a tenth of what it may; undefined: it does not, or was not measured. */
  readonly isFilling?: true | undefined;
  /** Live instances, if all of them take packs, else 0; undefined: Redis was not asked. */
  readonly takers?: number | undefined;
  /** They are in the pattern's own stream: not all who read that read the stream of their class. */
  readonly notInClass?: true | undefined;
  /** Over how many streams calls of the pattern may be spread; undefined: it has one, or Redis was not asked. */
  readonly spread?: number | undefined;
}

export type EnqueueAnswer =
  /** Applied now, or before: `sections` is what the copy with this `version` did. */
  | {
      readonly kind: 'applied';
      readonly now: number;
      readonly version: number;
      readonly sections: readonly SectionVerdict[];
    }
  /** The number was closed: nothing of the batch was applied, or will be. */
  | { readonly kind: 'closed'; readonly now: number }
  /** Applied before, but the verdict is not kept any more. */
  | { readonly kind: 'forgotten'; readonly now: number }
  /** Refused: the batch is too old. */
  | { readonly kind: 'stale'; readonly now: number }
  /** Refused: the record holds this epoch and number, which do not fit (-1: there is no record). */
  | {
      readonly kind: 'gap' | 'old';
      readonly now: number;
      readonly epoch: number;
      readonly number: number;
    }
  /** Refused: the batch was meant for another memory. */
  | { readonly kind: 'incarnation'; readonly now: number; readonly id: string };

/**
 * Reads the line that the enqueue script returns. A repeat is answered with the text in the caller record, and other
 * programs may have written there. A line that cannot be read counts as `forgotten`.
 */
export function parseVerdict(line: unknown): EnqueueAnswer {
  const alone = typeof line === 'string' ? ALONE.exec(line) : null;
  if (alone !== null) return storedAlone(Number(alone[1]), alone[2] as string);
  const words = typeof line === 'string' ? line.split(' ') : [];
  const now = numberOf(words[1]);
  const known = words[2] ?? '';
  switch (words[0]) {
    case 'ok':
    case 'done': {
      if (known === '-') return { kind: 'closed', now };
      // An empty batch has a verdict without tokens.
      const tokens = words[3] === '' ? [] : words.slice(3);
      const sections: SectionVerdict[] = [];
      for (const token of tokens) {
        const read = section(token);
        if (read !== undefined) sections.push(read);
      }
      if (!/^\d+$/.test(known) || sections.length < tokens.length)
        return { kind: 'forgotten', now };
      return { kind: 'applied', now, version: Number(known), sections };
    }
    case 'stale':
      return { kind: 'stale', now };
    case 'inc':
      return { kind: 'incarnation', now, id: known };
    case 'old':
    case 'gap':
      return { kind: words[0], now, epoch: place(known), number: place(words[3]) };
    default:
      return { kind: 'forgotten', now };
  }
}

/** The verdict of most batches: one entry, a lone call or a pack, was stored, and nothing is to be said of its stream. */
const ALONE = /^ok (\d{1,15}) 0 (\d{1,15}-\d{1,15}):1$/;

function storedAlone(now: number, first: string): EnqueueAnswer {
  // One literal, in the order of the other one: both have one shape.
  const verdict = {
    first,
    count: 1,
    refusal: undefined,
    isFilling: undefined,
    takers: undefined,
    notInClass: undefined,
    spread: undefined,
  };
  return { kind: 'applied', now, version: 0, sections: [verdict] };
}

/** An epoch or a number of a record. Anything else becomes -1, as if there were no record. */
function place(text: string | undefined): number {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : -1;
}

function section(token: string): SectionVerdict | undefined {
  const colon = token.indexOf(':');
  const mark = token.indexOf('!', colon);
  const notInClass = token.startsWith('~') || undefined;
  const first = token.slice(notInClass ? 1 : 0, colon);
  const [added = '', answers] = token
    .slice(colon + 1, mark === -1 ? undefined : mark)
    .split('*', 2);
  const isFilling = added.endsWith('^') || undefined;
  const count = Number(isFilling ? added.slice(0, -1) : added);
  const [, taking, spreading] = ASKED.exec(answers ?? '') ?? [];
  const takers = taking === undefined ? undefined : Number(taking);
  const spread = spreading === undefined ? undefined : Number(spreading);
  const refusal = mark === -1 ? undefined : token.slice(mark + 1);
  if (!Number.isSafeInteger(count) || count < 0 || colon === -1) return undefined;
  if (!isEntryId(first) && !(first === '-' && count === 0)) return undefined;
  if (refusal === undefined || REFUSALS.has(refusal)) {
    const why = refusal as Refusal | undefined;
    return { first, count, refusal: why, isFilling, takers, notInClass, spread };
  }
  // After `E` comes Redis' error, with everything but letters and digits written as `%xx`.
  if (!/^E(?:\w|%[0-9A-F]{2}){1,360}$/.test(refusal)) return undefined;
  return { first, count, refusal: 'E', error: redisError(refusal.slice(1)), notInClass };
}

function redisError(encoded: string): CommandFailure {
  const text = encoded.replace(/%(..)/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  const reply = /^[A-Z]+/.exec(text)?.[0] ?? 'ERR';
  return new CommandFailure('refused', reply, bareMessage(text));
}

/** What a section that asked is answered: live instances that take packs, and a spread. */
const ASKED = /^(\d{1,6})(?:\/(\d{1,4}))?$/;

const REFUSALS: ReadonlySet<string> = new Set<Refusal>(['NONE', 'NEVER', 'FULL', 'E']);
