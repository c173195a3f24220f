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

export const withRange = (around: Spread | undefined) =>
  around === undefined
    ? '-'
    : around.min === around.max
      ? short(around.median)
      : `${short(around.median)} [${short(around.min)} – ${short(around.max)}]`;
