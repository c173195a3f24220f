// Tables, as plain text and as Markdown.
import type { Spread } from '../harness/stats.js';

/** @param rows the first one is the head */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const [head = [], ...body] = rows;
  return [line(head), rule, ...body.map(line)].join('\n');
}

export function markdownTable(rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  const [head = [], ...body] = rows;
  const rule = line(head.map((_, i) => (i === 0 ? '---' : '---:')));
  return [line(head), rule, ...body.map(line)].join('\n');
}

/** Three digits that matter. */
export function short(value: number | null | undefined) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** As `short`, but with as many digits as it takes to see on which side of another value it is. */
export function beside(value: number | undefined, other: number): string {
  if (value === undefined) return '-';
  const usual = short(value);
  const side = (shown: number) => Math.sign(shown - other);
  if (side(Number(usual.replaceAll(' ', ''))) === side(value)) return usual;
  for (let digits = 3; digits < MOST_DIGITS; digits++) {
    const longer = value.toPrecision(digits);
    if (side(Number(longer)) === side(value)) return longer;
  }
  return String(value);
}

const MOST_DIGITS = 15;

export const withRange = (around: Spread | undefined) =>
  around === undefined
    ? '-'
    : around.min === around.max
      ? short(around.median)
      : `${short(around.median)} [${short(around.min)} – ${short(around.max)}]`;
