import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf, mutated } from '../../chaos/mutants/apply.js';
import { mutants } from '../../chaos/mutants/list.js';
import { scenarios } from '../../chaos/scenarios/index.js';
import { buildLibrary } from '../../chaos/kit/library.js';

// `npm run chaos:mutants` sees that the suite notices each. Here it is only seen that each can be made.

const library = buildLibrary();

const changed = mutants.flatMap((mutant) => filesOf(mutant));

test.each(changed)('$name: applies to the build, and is JavaScript: $file', (part) => {
  const text = mutated(part, readFileSync(join(library, part.file), 'utf8'));
  const args = ['--check', '--input-type=module', '-'];
  const { status, stderr } = spawnSync(process.execPath, args, { input: text, encoding: 'utf8' });
  expect(`${status} ${stderr}`).toBe('0 ');
});

test.each(mutants)('$name: has a scenario that is to turn red', ({ scenario, rules }) => {
  expect(scenarios.map(({ name }) => name)).toContain(scenario);
  expect(rules).not.toEqual([]);
});
