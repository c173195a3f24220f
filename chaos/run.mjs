// npm run chaos -- --scenario S2,S5 --seed 7 --size pr --json
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { check, describe } from './check.mjs';
import { play } from './fleet/stage.mjs';
import { readArguments, usage } from './kit/arguments.mjs';
import { bundle } from './kit/bundle.mjs';
import { buildLibrary } from './kit/library.mjs';
import { Size } from './kit/size.mjs';
import { now } from './kit/time.mjs';
import { later, scenarios } from './scenarios/index.mjs';

const known = [...scenarios.map(({ name }) => name), ...Object.keys(later)];
let given;
try {
  given = readArguments(process.argv.slice(2), known);
} catch (error) {
  console.error(`${error.message}\n\n${usage}`);
  process.exit(2);
}
if (given.help) {
  console.log(usage);
  process.exit(0);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));

const { seeds, json, keep } = given;
const size = new Size(given.size);
const library = await bundle(given.library === undefined ? buildLibrary() : resolve(given.library));
const wanted = given.scenarios ?? scenarios.map(({ name }) => name);

const results = [];
for (const seed of seeds) {
  console.log(`seed ${seed}, size ${size.name}`);
  for (const name of wanted) await turn(name, seed);
}

const red = results.filter(({ violations }) => violations.length > 0);
if (json) console.log(JSON.stringify(results.map(row)));
process.exit(red.length > 0 ? 1 : 0);

async function turn(name, seed) {
  const scenario = scenarios.find((each) => each.name === name);
  const missing = scenario === undefined ? later[name] : scenario.missing?.();
  if (missing) {
    console.log(`${name} skipped: ${missing}`);
    return;
  }
  const began = now();
  const folder = await play({ scenario, seed, size, library });
  const { figures, violations } = check(folder);
  const seconds = Math.round((now() - began) / 100) / 10;
  results.push({ figures, violations, seconds });
  report({ scenario, seed, figures, violations, seconds, folder });
  if (violations.length === 0 && !keep) rmSync(folder, { recursive: true, force: true });
}

function report({ scenario, seed, figures, violations, seconds, folder }) {
  const { name, title } = scenario;
  const verdict = violations.length === 0 ? 'holds' : `${violations.length} violations`;
  console.log(`${name} ${title}: ${verdict} (${seconds} s)`);
  const { calls, executions, duplicates, duplicateBound, lost, faults, p99, longestStall } =
    figures;
  console.log(
    `  ${calls} calls, ${executions} executions, ${faults} faults, ${duplicates} repetitions of ` +
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
  const custom = given.library === undefined ? '' : ` --library ${given.library}`;
  console.log(
    `  again: npm run chaos -- --scenario ${name} --seed ${seed} --size ${size.name}${custom}`,
  );
}

function row({ figures, violations, seconds }) {
  const { scenario, seed, calls, executions, duplicates, duplicateBound, lost } = figures;
  const { faults, longestStall, redis } = figures;
  return {
    scenario,
    seed,
    size: size.name,
    calls,
    executions,
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
