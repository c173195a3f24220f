// npm run matrix: plays the tests on the servers and the versions of Node that people run, fetches these first, and keeps
// what passed in docs/matrix.json, of which `npm run docs` prints the table of the README. Hours for all of it.
//
//   npm run matrix -- --only redis-8.6,node-26 --parts conformance,chaos
//
// What cannot be fetched here is left out, in one line. With --dry nothing is kept. With --missing, what passed today on the
// same versions is left out: so it may be stopped at any time, and goes on where it was, in the chaos suite with the next
// scenario. What happened also stands in .cache/matrix/log.txt.
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serverOf } from '../tools/redis/other-suite.js';
import { cache } from '../tools/repository.js';
import { CELLS, PARTS, type Cell, type Part } from './matrix/cells.js';
import { nodeOf, play, versionOf } from './matrix/play.js';
import { Progress } from './matrix/progress.js';
import { commitHere, isPlayed, keepPlayed, today } from './matrix/records.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    parts: { type: 'string', default: 'conformance,integration,chaos' },
    dry: { type: 'boolean', default: false },
    missing: { type: 'boolean', default: false },
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

/** What happens, for a person who is not there: it stands in the cache too. */
function say(line: string): void {
  const told = `${new Date().toISOString().slice(0, 19)} ${line}`;
  console.log(told);
  appendFileSync(join(cache, 'matrix', 'log.txt'), `${told}\n`);
}

async function playCell({ name, server, node }: Cell): Promise<void> {
  const program = nodeOf(node);
  const found = serverOf(server);
  if (program === undefined || found === undefined) {
    say(
      `${name} skipped: ${program === undefined ? `Node ${node}` : server.name} cannot be had here`,
    );
    return;
  }
  const kind = server.server === 'redis-server' ? 'Redis' : 'Valkey';
  const on = { server: `${kind} ${versionOf(found.bin)}`, node: versionOf(program) };
  const where = `on ${on.server} and Node ${on.node}`;
  for (const part of parts) {
    if (values.missing && isPlayed({ cell: name, part, ...on, date: today() })) continue;
    try {
      const progress = new Progress(name, { ...on, date: today() });
      const passed = await play(part, { node: program, server: found, progress });
      say(`${name}: ${part}: ${passed}, ${where}`);
      if (!values.dry) keepPlayed({ cell: name, part, passed, ...on, date: today(), commit });
    } catch (error) {
      say(`${name}: ${part} failed ${where}:\n${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
}

mkdirSync(join(cache, 'matrix'), { recursive: true });
const commit = values.dry ? '' : commitHere();
for (const cell of CELLS) if (only.includes(cell.name)) await playCell(cell);
