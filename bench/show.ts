// Shows results that were written with --json, of several runs together:
//   node --import tsx bench/start.ts show [--markdown] FILE ...
// Runs of different dates are put beside each other, never into one ratio: rounds are renumbered.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { print } from './report/print.js';
import { ratiosOf } from './report/ratios.js';
import { markdownTable, table } from './report/tables.js';
import type { Results } from './report/results.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { markdown: { type: 'boolean', default: false } },
});

/** Above the number of rounds of any run. */
const APART = 1000;
const all: Pick<Results, 'versions' | 'cells' | 'facts'> = { versions: {}, cells: [], facts: [] };
for (const [index, file] of positionals.entries()) {
  const { versions, cells, facts } = JSON.parse(readFileSync(file, 'utf8'));
  Object.assign(all.versions, versions);
  for (const cell of cells) all.cells.push({ ...cell, round: cell.round + index * APART });
  all.facts.push(...facts);
}
print(all, ratiosOf(all.cells), values.markdown ? markdownTable : table);
