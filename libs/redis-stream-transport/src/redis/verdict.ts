/** Why items of a batch were not stored. */
export type Refusal = 'NONE' | 'NEVER' | 'FULL' | 'E';

/** Outcome of one section: its first `count` items were stored with contiguous ids from `first`. */
export interface SectionVerdict {
  readonly first: string;
  readonly count: number;
  /** Why the items behind them were not; undefined when all were stored. */
  readonly refusal: Refusal | undefined;
}

export type EnqueueAnswer =
  /** Applied now, or before: `sections` is what the copy with this `version` did. */
  | {
      readonly kind: 'applied';
      readonly now: number;
      readonly version: number;
      readonly sections: readonly SectionVerdict[];
    }
  /** The number was closed; nothing of it was or will be applied. */
  | { readonly kind: 'closed'; readonly now: number }
  /** Applied before, but the verdict is no longer kept. */
  | { readonly kind: 'forgotten'; readonly now: number }
  | { readonly kind: 'stale'; readonly now: number }
  /** Refused: the record stands elsewhere (-1: it is missing). */
  | {
      readonly kind: 'gap' | 'old';
      readonly now: number;
      readonly epoch: number;
      readonly number: number;
    }
  /** Refused: this is another memory than the batch was meant for. */
  | { readonly kind: 'incarnation'; readonly now: number; readonly id: string };

/** Reads the line that the enqueue script returns. */
export function parseVerdict(line: string): EnqueueAnswer {
  const words = line.split(' ');
  const now = Number(words[1]);
  switch (words[0]) {
    case 'ok':
    case 'done':
      if (words[2] === '?') return { kind: 'forgotten', now };
      if (words[2] === '-') return { kind: 'closed', now };
      return {
        kind: 'applied',
        now,
        version: Number(words[2]),
        // An empty batch has a verdict without tokens.
        sections: words[3] === '' ? [] : words.slice(3).map(section),
      };
    case 'stale':
      return { kind: 'stale', now };
    case 'inc':
      return { kind: 'incarnation', now, id: words[2] ?? '' };
    case 'old':
    case 'gap':
      return { kind: words[0], now, epoch: Number(words[2]), number: Number(words[3]) };
    default:
      throw new Error(`unknown answer of enqueue: ${line.slice(0, 80)}`);
  }
}

function section(token: string): SectionVerdict {
  const colon = token.indexOf(':');
  const mark = token.indexOf('!', colon);
  return {
    first: token.slice(0, colon),
    count: Number(token.slice(colon + 1, mark === -1 ? undefined : mark)),
    refusal: mark === -1 ? undefined : (token.slice(mark + 1) as Refusal),
  };
}
