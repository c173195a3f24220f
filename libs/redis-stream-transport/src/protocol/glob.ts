/** Characters that make a pattern stand for others. */
const SPECIAL = /[*?[\\]/;

/** Whether a pattern stands for others, as Redis' PSUBSCRIBE reads it. */
export const isGlob = (pattern: string): boolean => SPECIAL.test(pattern);

/** One character: any (`?`), or one of a set. `*` is `undefined` in the list. */
type Part = ((char: string) => boolean) | undefined;

/**
 * A pattern with wildcards in the syntax of Redis: `*` stands for any text, also an empty one, `?` for one character,
 * `[abc]`, `[a-c]` and `[^a]` for one of a set, and `\` takes the meaning of the character after it. A character is one
 * of Unicode; Redis itself compares bytes.
 *
 * To match takes at most as many steps as both texts have characters, multiplied.
 */
export class Glob {
  /** Characters that stand for themselves: of two that match, the one with more of them says more. */
  readonly literals: number;
  /** The text that everything begins with that it matches. */
  readonly start: string;
  private readonly parts: readonly Part[];

  constructor(readonly text: string) {
    const parts: Part[] = [];
    let [literals, start, isStart] = [0, '', true];
    const chars = Array.from(text);
    for (let at = 0; at < chars.length; at++) {
      let char = chars[at] as string;
      if (char === '*') parts.push(undefined);
      else if (char === '?') parts.push(() => true);
      else if (char === '[') {
        const set = setAt(chars, at + 1);
        parts.push(set.has);
        at = set.end;
      } else {
        if (char === '\\' && at + 1 < chars.length) char = chars[++at] as string;
        const wanted = char;
        parts.push((one) => one === wanted);
        literals++;
        if (isStart) start += char;
        continue;
      }
      isStart = false;
    }
    this.parts = parts;
    this.literals = literals;
    this.start = start;
  }

  matches(name: string): boolean {
    if (!name.startsWith(this.start)) return false;
    const { parts } = this;
    const chars = Array.from(name);
    let [at, next] = [0, 0];
    // Where the last `*` was, and what it stood for until then: if the rest does not fit, it stands for one more.
    let [star, from] = [-1, 0];
    while (at < chars.length) {
      const part = parts[next];
      if (next < parts.length && part === undefined) {
        star = next++;
        from = at;
      } else if (part?.(chars[at] as string) === true) {
        at++;
        next++;
      } else if (star >= 0) {
        next = star + 1;
        at = ++from;
      } else return false;
    }
    while (next < parts.length && parts[next] === undefined) next++;
    return next === parts.length;
  }
}

/** A set from the character after its `[` on. One that does not end goes to the end of the text, as in Redis. */
function setAt(
  chars: readonly string[],
  first: number,
): { readonly has: (char: string) => boolean; readonly end: number } {
  const isNot = chars[first] === '^';
  const ranges: [low: string, high: string][] = [];
  let at = isNot ? first + 1 : first;
  for (; at < chars.length && chars[at] !== ']'; at++) {
    const char = chars[at] as string;
    const after = chars[at + 2];
    if (char === '\\' && at + 1 < chars.length) {
      const escaped = chars[++at] as string;
      ranges.push([escaped, escaped]);
    } else if (chars[at + 1] === '-' && after !== undefined) {
      ranges.push(order(char, after) <= 0 ? [char, after] : [after, char]);
      at += 2;
    } else ranges.push([char, char]);
  }
  const isIn = (char: string): boolean =>
    ranges.some(([low, high]) => order(low, char) <= 0 && order(char, high) <= 0);
  return { has: (char) => isIn(char) !== isNot, end: at };
}

/** By code points. */
const order = (one: string, other: string): number =>
  (one.codePointAt(0) ?? 0) - (other.codePointAt(0) ?? 0);
