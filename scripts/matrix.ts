// npm run matrix: plays the tests on the servers and the versions of Node that people run, fetches these first, and keeps
// what passed in docs/matrix.json, of which `npm run docs` prints the table of the README. Hours for all of it.
//
//   npm run matrix -- --only redis-8.6,node-26 --parts conformance,rules
//
// What cannot be fetched here is left out, in one line. With --dry nothing is kept.
import { parseArgs } from 'node:util';
import { serverOf } from '../tools/redis/other-suite.js';
import { CELLS, PARTS, type Cell, type Part } from './matrix/cells.js';
import { nodeOf, play, versionOf } from './matrix/play.js';
import { keepPlayed, today } from './matrix/records.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    parts: { type: 'string', default: 'conformance,rules,integration,chaos' },
    dry: { type: 'boolean', default: false },
  },
});

/** The named ones of a list. */
function named<T extends string>(given: string, known: readonly T[]): T[] {
  const names = given.split(',');
  const unknown = names.find((name) => !known.includes(name as T));
  if (unknown !== undefined) throw new Error(`no ${unknown}; there are ${known.join(', ')}`);
  return names as T[];
}

const cellNames = CELLS.map(({ name }) => name);
const only = values.only === undefined ? cellNames : named(values.only, cellNames);
const parts = named(values.parts, Object.keys(PARTS) as Part[]);

function playCell({ name, server, node }: Cell): void {
  const program = nodeOf(node);
  const found = serverOf(server);
  if (program === undefined || found === undefined) {
    console.log(
      `${name} skipped: ${program === undefined ? `Node ${node}` : server.name} cannot be had here`,
    );
    return;
  }
  const kind = server.server === 'redis-server' ? 'Redis' : 'Valkey';
  const on = { server: `${kind} ${versionOf(found.bin)}`, node: versionOf(program) };
  for (const part of parts) {
    try {
      const passed = play(part, program, found);
      console.log(`${name}: ${part}: ${passed}, on ${on.server} and Node ${on.node}`);
      if (!values.dry) keepPlayed({ cell: name, part, passed, ...on, date: today() });
    } catch (error) {
      console.error(
        `${name}: ${part} failed on ${on.server} and Node ${on.node}:\n${(error as Error).message}`,
      );
      process.exitCode = 1;
    }
  }
}

for (const cell of CELLS) if (only.includes(cell.name)) playCell(cell);
