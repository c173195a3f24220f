// Runs the modes one after the other, shows what came out and writes it down.
import { writeFileSync } from 'node:fs';
import { MODES } from './modes/index.mjs';
import { print } from './report/print.mjs';
import { ratiosOf } from './report/ratios.mjs';
import { Results } from './report/results.mjs';

/** @param {import('./options.mjs').Options} options @returns {Promise<number>} the exit code */
export async function run(options) {
  // Through process.exit, so that servers and processes end with the bench.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.once(signal, () => process.exit(130));
  const results = new Results();
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
    if (options.json !== undefined) write(options.json, options, results, ratios);
  }
  return 0;
}

/**
 * @param {string} file
 * @param {import('./options.mjs').Options} options
 * @param {Results} results
 * @param {import('./report/ratios.mjs').Ratio[]} ratios
 */
function write(file, options, results, ratios) {
  const { versions, cells, facts } = results;
  const { modes, peers, rounds, duration, warmup } = options;
  const date = new Date().toISOString();
  const content = {
    date,
    options: { modes, peers, rounds, duration, warmup },
    versions,
    cells,
    ratios,
    facts,
  };
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
}
