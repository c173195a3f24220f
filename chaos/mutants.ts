// npm run chaos:mutants -- [--only S8] [--seed 7]: each mistake on purpose must turn its scenario red.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { check, describe } from './check.js';
import { play } from './fleet/stage.js';
import { bundle } from './kit/bundle.js';
import { buildLibrary, builds } from './kit/library.js';
import { randomSeed } from '../tools/random.js';
import { Size } from './kit/size.js';
import { filesOf, mutated } from './mutants/apply.js';
import { mutants, type Mutant } from './mutants/list.js';
import { scenarios } from './scenarios/index.js';
import type { Scenario } from './scenarios/scenario.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string' },
    library: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const seed = values.seed === undefined ? randomSeed() : Number(values.seed);
const original = values.library === undefined ? buildLibrary() : resolve(values.library);
const chosen = mutants.filter(
  ({ scenario, name }) => !values.only || scenario === values.only || name.includes(values.only),
);
if (chosen.length === 0) throw new Error(`there is no mutant of ${values.only}`);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
console.log(`seed ${seed}`);

const results: {
  name: string;
  scenario: string;
  seed: number;
  died: boolean;
  violations: number;
}[] = [];
for (const mutant of chosen) {
  const { name, scenario, rules } = mutant;
  const library = mutate(mutant);
  const folder = await play({
    scenario: scenarioNamed(scenario),
    seed,
    size: new Size('pr'),
    library: await bundle(library),
  });
  const { violations } = check(folder);
  const telling = violations.filter(({ rule }) => rules.includes(rule));
  const died = telling.length > 0;
  results.push({ name, scenario, seed, died, violations: violations.length });
  console.log(`${died ? 'dies in' : 'SURVIVES'} ${scenario}: ${name}`);
  for (const line of describe(died ? telling : violations, 2)) console.log(`  ${line}`);
  if (!died) console.log(`  histories: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
  rmSync(library, { recursive: true, force: true });
}
if (values.json) console.log(JSON.stringify(results));
process.exit(results.every(({ died }) => died) ? 0 : 1);

function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no scenario ${name}`);
  return found;
}

/** A copy of the build with the mistake in it. Throws when the text that is to be changed is not there. */
function mutate(mutant: Mutant): string {
  const folder = mkdtempSync(join(builds, 'mutant-'));
  cpSync(original, folder, { recursive: true });
  try {
    for (const part of filesOf(mutant)) {
      const path = join(folder, part.file);
      writeFileSync(path, mutated(part, readFileSync(path, 'utf8')));
    }
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  return folder;
}
