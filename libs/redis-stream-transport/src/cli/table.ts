import { visible } from '../protocol/visible.js';

export interface Column {
  readonly name: string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
  /** Cells may be cut where a line is too long, and end with `…` then. */
  readonly cut?: boolean;
}

/** Characters that a cut column keeps at least. */
const LEAST = 8;
const GAP = '  ';

/** The lines of a table, its head first. A line has `width` characters at most, as far as columns may be cut. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const all = [columns.map(({ name }) => name), ...rows].map((row) => row.map(visible));
  const widths = columns.map((_, i) => Math.max(...all.map((row) => lengthOf(row[i] ?? ''))));
  shrink(columns, widths, width - GAP.length * (columns.length - 1));
  return all.map((row) =>
    columns
      .map(({ right = false }, i) => cell(row[i] ?? '', widths[i] ?? 0, right))
      .join(GAP)
      .trimEnd(),
  );
}

/** Takes from the widest column that may be cut, until all fit. */
function shrink(columns: readonly Column[], widths: number[], room: number): void {
  for (let over = widths.reduce((sum, one) => sum + one, 0) - room; over > 0; over--) {
    const sizes = widths.map((size, i) => (columns[i]?.cut === true && size > LEAST ? size : 0));
    const widest = Math.max(...sizes);
    if (widest === 0) return;
    const at = sizes.indexOf(widest);
    widths[at] = widest - 1;
  }
}

function cell(text: string, width: number, right: boolean): string {
  const length = lengthOf(text);
  const shown =
    length > width
      ? `${Array.from(text)
          .slice(0, width - 1)
          .join('')}…`
      : text;
  const blank = ' '.repeat(Math.max(0, width - length));
  return right ? blank + shown : shown + blank;
}

/** Characters, not their halves. */
const lengthOf = (text: string): number => Array.from(text).length;
