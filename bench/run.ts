// Runs the modes one after the other, shows what came out and writes it down.
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { MODES } from './modes/index.mjs';
import { print } from './report/print.mjs';
import { ratiosOf } from './report/ratios.mjs';
import { Results } from './report/results.mjs';

/** Share of the cores that others may use before it is worth a word. */
const BUSY = 0.3;

/** @param {import('./options.mjs').Options} options @returns {Promise<number>} the exit code */
export async function run(options) {
  // Through process.exit, so that servers and processes end with the bench.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.once(signal, () => process.exit(130));
  const results = new Results();
  const machine = { cores: availableParallelism(), loadBefore: loadavg()[0] ?? 0 };
  if (machine.loadBefore > machine.cores * BUSY)
    results.say(`the machine is busy (load ${machine.loadBefore.toFixed(1)}): expect noise`);
  try {
    for (const mode of options.modes) {
      const load = MODES[mode];
      if (load === undefined) continue;
      await (await load()).run(options, results);
    }
  } finally {
    // What was measured before something failed is worth keeping.
    const ratios = ratiosOf(results.cells);
    print(results, ratios);
    if (options.json !== undefined) write(options.json, { machine, options, results, ratios });
  }
  return 0;
}

/**
 * @param {string} file
 * @param {object} all
 * @param {{ cores: number, loadBefore: number }} all.machine
 * @param {import('./options.mjs').Options} all.options
 * @param {Results} all.results
 * @param {import('./report/ratios.mjs').Ratio[]} all.ratios
 */
function write(file, { machine, options, results, ratios }) {
  const { versions, cells, facts } = results;
  const { modes, peers, rounds, duration, warmup } = options;
  const content = {
    date: new Date().toISOString(),
    machine,
    options: { modes, peers, rounds, duration, warmup },
    versions,
    cells,
    ratios,
    facts,
  };
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
}
