// Pieces of the hot path in one process, as multiples of a fixed piece of work, beside the baseline.
//   npm run bench:micro                  shows them
//   npm run bench:micro -- --check       fails if one is much slower than its baseline
//   npm run bench:micro -- --update      makes them the baseline
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repository } from '../../tools/repository.js';
import { ensureInstalled } from '../harness/install.js';
import { short, table } from '../report/tables.js';

ensureInstalled();
const { measure } = await import('./measure.js');

/** A piece that takes this much longer than in the baseline fails the check; noise is below it. */
const TOLERANCE = 1.3;
const file = join(repository, 'bench', 'micro', 'baseline.json');

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
    time: { type: 'string', default: '500' },
  },
});

const baseline: { pieces: Record<string, number> } = JSON.parse(readFileSync(file, 'utf8'));
const measured = await measure(Number(values.time));
const rows = measured.map(({ name, nanoseconds, cost }) => {
  const before = baseline.pieces[name];
  return { name, nanoseconds, cost, ratio: before === undefined ? Number.NaN : cost / before };
});
console.log(
  table([
    ['', 'ns', 'cost', 'of the baseline'],
    ...rows.map(({ name, nanoseconds, cost, ratio }) => [
      name,
      short(nanoseconds),
      short(cost),
      `×${short(ratio)}${ratio > TOLERANCE ? ' SLOWER' : ''}`,
    ]),
  ]),
);
console.log('\ncost: time divided by that of writing and parsing a record of 100 bytes as JSON');

if (values.update) {
  const pieces = Object.fromEntries(rows.map(({ name, cost }) => [name, Number(cost.toFixed(3))]));
  const content = { node: process.versions.node, pieces };
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
}
const slower = rows.filter(({ ratio }) => ratio > TOLERANCE);
if (values.check && slower.length > 0) process.exitCode = 1;
