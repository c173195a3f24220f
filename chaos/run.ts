// npm run chaos -- --scenario S2,S5 --seed 7 --size pr --json
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { check, describe, type Figures, type Violation } from './check.js';
import { play } from './fleet/stage.js';
import { readArguments, usage, type Arguments } from './kit/arguments.js';
import { bundle } from './kit/bundle.js';
import { buildLibrary } from './kit/library.js';
import { Size } from './kit/size.js';
import { now } from './kit/time.js';
import { scenarios } from './scenarios/index.js';
import type { Scenario } from './scenarios/scenario.js';
import type { Row } from './table.js';

/** The result of a scenario. */
interface Result {
  readonly figures: Figures;
  readonly violations: readonly Violation[];
  readonly seconds: number;
}

const known = scenarios.map(({ name }) => name);
const given = argumentsOrExit();
if (given.help) {
  console.log(usage);
  process.exit(0);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));

const { seeds, cluster, json, keep } = given;
const size = new Size(given.size);
const library = await bundle(given.library === undefined ? buildLibrary() : resolve(given.library));
const wanted = given.scenarios ?? scenarios.map(({ name }) => name);

const results: Result[] = [];
for (const seed of seeds) {
  console.log(`seed ${seed}, size ${size.name}${cluster ? ', in a Cluster' : ''}`);
  for (const name of wanted) await turn(name, seed);
}

const red = results.filter(({ violations }) => violations.length > 0);
if (json) console.log(JSON.stringify(results.map(row)));
process.exit(red.length > 0 ? 1 : 0);

function argumentsOrExit(): Arguments {
  try {
    return readArguments(process.argv.slice(2), known);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}

async function turn(name: string, seed: number): Promise<void> {
  const scenario = scenarios.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  const missing = scenario.missing?.();
  if (missing) {
    console.log(`${name} skipped: ${missing}`);
    return;
  }
  const began = now();
  const folder = await play({ scenario, seed, size, library, inCluster: cluster });
  const { figures, violations } = check(folder);
  const seconds = Math.round((now() - began) / 100) / 10;
  const result = { figures, violations, seconds };
  results.push(result);
  report(scenario, result, folder);
  if (violations.length === 0 && !keep) rmSync(folder, { recursive: true, force: true });
}

function report({ name, title }: Scenario, result: Result, folder: string): void {
  const { figures, violations, seconds } = result;
  const verdict = violations.length === 0 ? 'holds' : `${violations.length} violations`;
  console.log(`${name} ${title}: ${verdict} (${seconds} s)`);
  const { calls, executions, packed, packs, duplicates, duplicateBound } = figures;
  const { lost, faults, p99, longestStall } = figures;
  console.log(
    `  ${calls} calls, ${executions} executions, ${packed} in ${packs} packs, ${faults} faults, ${duplicates} repetitions of ` +
      `${duplicateBound} excused, ${lost} lost, p99 ${p99} ms, longest stall ${longestStall} ms`,
  );
  console.log(
    `  ${Object.entries(figures.outcomes)
      .map(([what, n]) => `${what} ${n}`)
      .join(', ')}`,
  );
  for (const line of describe(violations)) console.log(`  ${line}`);
  if (violations.length === 0 && !keep) return;
  console.log(`  histories: ${folder}`);
  const where = cluster ? ' --cluster' : '';
  const custom = given.library === undefined ? '' : ` --library ${given.library}`;
  console.log(
    `  again: npm run chaos -- --scenario ${name} --seed ${figures.seed} --size ${size.name}${where}${custom}`,
  );
}

function row({ figures, violations, seconds }: Result): Row {
  const { scenario, seed, calls, executions, packed, later, duplicates, duplicateBound } = figures;
  const { lost, faults, longestStall, redis } = figures;
  return {
    scenario,
    seed,
    size: size.name,
    calls,
    executions,
    packed,
    later,
    duplicates,
    duplicateBound,
    lost,
    violations: violations.length,
    seconds,
    faults,
    longestStall,
    redis,
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
  };
}
