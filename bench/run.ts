// Runs the modes one after the other, or the aims; shows what came out and writes it down.
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { AIMS, BOUNDS } from './aims/aims.js';
import { chosen } from './aims/parts.js';
import { judgeBounds, judgeRatios } from './aims/judge.js';
import { playBounds, playRatios } from './aims/play.js';
import { MODES } from './modes/index.js';
import { commit } from './report/commit.js';
import { print, printBounds, printRatios } from './report/print.js';
import { ratiosOf } from './report/ratios.js';
import { Results } from './report/results.js';
import type { Options } from './options.js';

/** Share of the cores that others may use before it is worth a word. */
const BUSY = 0.3;

/** @returns the exit code */
export async function run(options: Options): Promise<number> {
  const results = new Results();
  const machine = { cores: availableParallelism(), loadBefore: loadavg()[0] ?? 0 };
  // What was measured before something failed, or before somebody lost patience, is worth keeping.
  const end = () => {
    if (options.json !== undefined) write(options.json, { machine, options, results });
    show(options, results);
  };
  // Through process.exit, so that servers and processes end with the bench. Not once: the second signal, which a
  // terminal or a supervisor may send to all its processes, would end this one before it has written anything.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      end();
      process.exit(130);
    });
  if (machine.loadBefore > machine.cores * BUSY)
    results.say(`the machine is busy (load ${machine.loadBefore.toFixed(1)}): expect noise`);
  try {
    await play(options, results);
  } finally {
    end();
  }
  return results.failures.length > 0 ? 1 : 0;
}

function show({ aims, rows }: Options, results: Results): void {
  print(results);
  if (aims !== 'none') printRatios(results, chosen(AIMS, rows));
  if (aims === 'full') printBounds(results, chosen(BOUNDS, rows));
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
    commit: commit(),
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
