import type { PatternRow } from './rows.js';

/** By what rows are sorted, and what of them counts: the most first. */
const SORTS = {
  oldest: ({ oldest }) => oldest ?? -1,
  unread: ({ unread }) => unread,
  pending: ({ pending }) => pending,
  in: (row) => row.in ?? -1,
  out: ({ out }) => out ?? -1,
  p99: ({ done }) => done?.p99 ?? -1,
  errors: ({ done }) => done?.errors ?? -1,
  retries: ({ done, waiting }) => Math.max(done?.retries ?? -1, waiting),
  name: () => 0,
} as const satisfies Record<string, (row: PatternRow) => number>;

export type Sort = keyof typeof SORTS;
export const SORT_NAMES = Object.keys(SORTS) as Sort[];

/** A key that somebody has pressed. */
export interface PressedKey {
  /** Of keys that write nothing: `up`, `pagedown`, `escape`, `return`, `backspace`. */
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  /** What it writes. */
  readonly sequence?: string | undefined;
}

/** Characters that a filter may have. */
const LONGEST_FILTER = 100;

/** What of a look is shown, and how: as arguments and keys say. */
export class View {
  sort: Sort;
  isReversed = false;
  filter: string;
  /** What is typed after `/`; undefined: nothing is being typed. */
  typed: string | undefined;
  /** The section that stands first: 0 patterns, 1 instances, 2 callers. */
  section = 0;
  /** Lines that were scrolled away. */
  scrolled = 0;
  isHeld = false;
  isHelp = false;

  constructor(
    { sort, filter = '' }: { readonly sort: Sort; readonly filter?: string | undefined },
    readonly service: string | undefined,
  ) {
    this.sort = sort;
    this.filter = filter;
  }

  /**
   * A key was pressed.
   * @param page lines of a page
   * @returns `quit`, or `again` for a new look at once
   */
  press(
    { name, ctrl = false, sequence = '' }: PressedKey,
    page: number,
  ): 'quit' | 'again' | undefined {
    if (ctrl) return name === 'c' || name === 'd' ? 'quit' : undefined;
    if (this.typed !== undefined) {
      this.type(this.typed, name, sequence);
      return undefined;
    }
    const scroll: Record<string, number> = { up: -1, down: 1, pageup: -page, pagedown: page };
    if (name !== undefined && Object.hasOwn(scroll, name)) this.scrolled += scroll[name] ?? 0;
    else if (name === 'home') this.scrolled = 0;
    else if (name === 'end') this.scrolled = Number.MAX_SAFE_INTEGER;
    else if (name === 'escape') this.clear();
    else if (name === 'tab') this.show((this.section + 1) % 3);
    else return this.command(sequence);
    this.scrolled = Math.max(0, this.scrolled);
    return undefined;
  }

  /** The rows that are shown, in their order. */
  rowsOf(rows: readonly PatternRow[]): PatternRow[] {
    const of = SORTS[this.sort];
    const sign = this.isReversed ? -1 : 1;
    return rows
      .filter(({ pattern, group }) => this.isMeant(group) && this.matches(pattern, group))
      .toSorted((one, other) => sign * (of(other) - of(one)) || byName(one, other));
  }

  /** Whether a service is shown. */
  isMeant(group: string): boolean {
    return this.service === undefined || group.replace(/\{.*$/s, '') === this.service;
  }

  matches(...texts: readonly string[]): boolean {
    const wanted = (this.typed ?? this.filter).toLowerCase();
    return wanted === '' || texts.some((text) => text.toLowerCase().includes(wanted));
  }

  private command(key: string): 'quit' | 'again' | undefined {
    if (key === 'q') return 'quit';
    if (key === 's' || key === 'S') this.sortNext(key === 's' ? 1 : -1);
    else if (key === 'r') this.isReversed = !this.isReversed;
    else if (key === '/') this.typed = this.filter;
    else if (key === '1' || key === '2' || key === '3') this.show(Number(key) - 1);
    else if (key === '?' || key === 'h') this.isHelp = !this.isHelp;
    else if (key === ' ') {
      this.isHeld = !this.isHeld;
      if (!this.isHeld) return 'again';
    }
    return undefined;
  }

  private show(section: number): void {
    this.section = section;
    this.scrolled = 0;
  }

  private sortNext(step: 1 | -1): void {
    const at = SORT_NAMES.indexOf(this.sort) + step + SORT_NAMES.length;
    this.sort = SORT_NAMES[at % SORT_NAMES.length] ?? 'oldest';
  }

  private clear(): void {
    this.filter = '';
    this.isHelp = false;
  }

  private type(typed: string, name: string | undefined, sequence: string): void {
    if (name === 'return' || name === 'enter') {
      this.filter = typed;
      this.typed = undefined;
    } else if (name === 'escape') this.typed = undefined;
    else if (name === 'backspace') this.typed = Array.from(typed).slice(0, -1).join('');
    else if (/^\P{Cc}+$/u.test(sequence)) this.typed = (typed + sequence).slice(0, LONGEST_FILTER);
    this.scrolled = 0;
  }
}

const byName = (one: PatternRow, other: PatternRow): number =>
  one.pattern < other.pattern
    ? -1
    : one.pattern > other.pattern
      ? 1
      : one.group < other.group
        ? -1
        : 1;
