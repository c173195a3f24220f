// Shows results that were written with --json, of several runs together:
//   node bench/show.mjs [--markdown] FILE ...
// Runs of different dates are put beside each other, never into one ratio: rounds are renumbered.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { print } from './report/print.mjs';
import { ratiosOf } from './report/ratios.mjs';
import { markdownTable, table } from './report/tables.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { markdown: { type: 'boolean', default: false } },
});

/** Above the number of rounds of any run. */
const APART = 1000;
/** @type {Pick<import('./report/results.mjs').Results, 'versions' | 'cells' | 'facts'>} */
const all = { versions: {}, cells: [], facts: [] };
for (const [index, file] of positionals.entries()) {
  const { versions, cells, facts } = JSON.parse(readFileSync(file, 'utf8'));
  Object.assign(all.versions, versions);
  for (const cell of cells) all.cells.push({ ...cell, round: cell.round + index * APART });
  all.facts.push(...facts);
}
print(all, ratiosOf(all.cells), values.markdown ? markdownTable : table);
