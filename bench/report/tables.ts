// Tables, as plain text and as Markdown.

/** @param {readonly (readonly string[])[]} rows the first one is the head @returns {string} */
export function table(rows) {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (/** @type {readonly string[]} */ row) =>
    row
      .map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const [head = [], ...body] = rows;
  return [line(head), rule, ...body.map(line)].join('\n');
}

/** @param {readonly (readonly string[])[]} rows @returns {string} */
export function markdownTable(rows) {
  const line = (/** @type {readonly string[]} */ row) => `| ${row.join(' | ')} |`;
  const [head = [], ...body] = rows;
  const rule = line(head.map((_, i) => (i === 0 ? '---' : '---:')));
  return [line(head), rule, ...body.map(line)].join('\n');
}

/** Three digits that matter. @param {number | null | undefined} value */
export function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** @param {import('../harness/stats.mjs').Spread | undefined} around */
export const withRange = (around) =>
  around === undefined
    ? '-'
    : around.min === around.max
      ? short(around.median)
      : `${short(around.median)} [${short(around.min)} – ${short(around.max)}]`;
