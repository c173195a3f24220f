// Shows results that were written with --json, of several runs together:
//   node --import tsx bench/start.ts show [--markdown] [--aims] FILE ...
// Runs of different dates are put beside each other, never into one ratio: rounds are renumbered.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AIMS, BOUNDS } from './aims/aims.js';
import { print, printBounds, printRatios } from './report/print.js';
import { markdownTable, table } from './report/tables.js';
import type { Results } from './report/results.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    markdown: { type: 'boolean', default: false },
    aims: { type: 'boolean', default: false },
  },
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
const render = values.markdown ? markdownTable : table;
print(all, render);
if (values.aims) {
  printRatios(all, AIMS, render);
  printBounds(all, BOUNDS, render);
}
