// Runs the modes one after the other, or the aims; shows what came out and writes it down.
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { AIMS, BOUNDS } from './aims/aims.js';
import { chosen } from './aims/parts.js';
import { judgeBounds, judgeRatios } from './aims/judge.js';
import { playBounds, playRatios } from './aims/play.js';
import { MODES } from './modes/index.js';
import { print, printBounds, printRatios } from './report/print.js';
import { ratiosOf } from './report/ratios.js';
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
    await play(options, results);
  } finally {
    // What was measured before something failed is worth keeping.
    if (options.json !== undefined) write(options.json, { machine, options, results });
    print(results);
    if (options.aims !== 'none') printRatios(results, chosen(AIMS, options.rows));
    if (options.aims === 'full') printBounds(results, chosen(BOUNDS, options.rows));
  }
  return 0;
}

async function play(options: Options, results: Results): Promise<void> {
  if (options.aims === 'none') {
    for (const mode of options.modes) await (await MODES[mode]?.())?.run(options, results);
    return;
  }
  await playRatios(options, results);
  if (options.aims === 'full') await playBounds(options, results);
}

/** Everything about a run. */
interface Run {
  readonly machine: { readonly cores: number; readonly loadBefore: number };
  readonly options: Options;
  readonly results: Results;
}

function write(file: string, { machine, options, results }: Run): void {
  const { versions, cells, facts } = results;
  const { modes, aims, rows, peers, peersGiven, rounds, duration, warmup } = options;
  const content = {
    date: new Date().toISOString(),
    machine,
    options: {
      ...(aims === 'none' ? { modes } : { aims, rows }),
      ...(aims === 'none' || peersGiven ? { peers } : {}),
      rounds,
      duration,
      warmup,
    },
    versions,
    cells,
    ratios: ratiosOf(cells),
    facts,
    ...(aims === 'none' ? {} : { aims: judgeRatios(cells) }),
    ...(aims === 'full' ? { bounds: judgeBounds(facts) } : {}),
  };
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
}
