import { visible } from '../protocol/visible.js';

/** Stands for all that is beyond a bound. */
export const OTHER = 'other';

/** Characters that a label has at most. A stream whose name another program has made may be as long as it likes. */
const LONGEST = 200;

/** Makes a text of another program safe for a label: short, of one line, without characters that a terminal obeys. */
export function labelText(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return visible(short);
}

/** Lets so many different texts through; all others become `other`. */
export class BoundedTexts {
  private readonly known = new Map<string, string>();

  constructor(private readonly most: number) {}

  /** The text for a label. */
  of(text: string): string {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    if (this.known.size >= this.most) return OTHER;
    const label = labelText(text);
    this.known.set(text, label);
    return label;
  }
}

/** Things by pattern. Beyond the bound all patterns share one, and nothing is kept of them. */
export class ByPattern<Thing> {
  private readonly known = new Map<string, Thing>();
  private rest: Thing | undefined;

  constructor(
    private readonly texts: BoundedTexts,
    private readonly make: (label: string) => Thing,
  ) {}

  of(pattern: string): Thing {
    return this.known.get(pattern) ?? this.meet(pattern);
  }

  private meet(pattern: string): Thing {
    const label = this.texts.of(pattern);
    if (label === OTHER) return (this.rest ??= this.make(OTHER));
    const made = this.make(label);
    this.known.set(pattern, made);
    return made;
  }
}
