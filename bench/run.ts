// Runs the modes one after the other, shows what came out and writes it down.
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { MODES } from './modes/index.js';
import { print } from './report/print.js';
import { ratiosOf, type Ratio } from './report/ratios.js';
import { Results } from './report/results.js';
import type { Options } from './options.js';

/** Share of the cores that others may use before it is worth a word. */
const BUSY = 0.3;

/** @returns the exit code */
export async function run(options: Options): Promise<number> {
  // Through process.exit, so that servers and processes end with the bench.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
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

/** Everything about a run. */
interface Run {
  readonly machine: { readonly cores: number; readonly loadBefore: number };
  readonly options: Options;
  readonly results: Results;
  readonly ratios: readonly Ratio[];
}

function write(file: string, { machine, options, results, ratios }: Run): void {
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
