// Shows results that were written with --json, of several runs together:
//   node --import tsx bench/start.ts show [--markdown] [--aims] FILE ...
import { parseArgs } from 'node:util';
import { AIMS, BOUNDS } from './aims/aims.js';
import { print, printBounds, printRatios } from './report/print.js';
import { readResults } from './report/read.js';
import { markdownTable, table } from './report/tables.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    markdown: { type: 'boolean', default: false },
    aims: { type: 'boolean', default: false },
  },
});

const all = readResults(positionals);
const render = values.markdown ? markdownTable : table;
print(all, render);
if (values.aims) {
  printRatios(all, AIMS, render);
  printBounds(all, BOUNDS, render);
}
