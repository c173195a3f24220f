// Reads the histories of a run, and nothing else, and says what they violate.
//   node chaos/check.mjs <folder> [--json]
import { pathToFileURL } from 'node:url';
import { oneOutcomeInTime, truth } from './check/calls.mjs';
import { fencing, lateStarts, repetitions, rightAnswers } from './check/executions.mjs';
import { expectations } from './check/expectations.mjs';
import { figuresOf } from './check/figures.mjs';
import { readRun } from './check/model.mjs';
import { fewWords, nobodyFalls, truthfulStatus } from './check/processes.mjs';
import { nothingLeft } from './check/rest.mjs';

const rules = [
  oneOutcomeInTime,
  truth,
  rightAnswers,
  repetitions,
  fencing,
  lateStarts,
  nothingLeft,
  nobodyFalls,
  fewWords,
  truthfulStatus,
  expectations,
];

/**
 * @param {string} folder of the histories
 * @returns {{ figures: ReturnType<typeof figuresOf>, violations: { rule: string, id?: string, text: string }[] }}
 */
export function check(folder) {
  const model = readRun(folder);
  const violations = [];
  for (const rule of rules) for (const violation of rule(model)) violations.push(violation);
  return { figures: figuresOf(model), violations };
}

/** A few lines per rule, however often it is violated. */
export function describe(violations, each = 5) {
  const lines = [];
  for (const rule of new Set(violations.map((violation) => violation.rule))) {
    const found = violations.filter((violation) => violation.rule === rule);
    for (const { id, text } of found.slice(0, each)) {
      lines.push(`${rule}: ${id === undefined ? '' : `${id}: `}${text}`);
    }
    if (found.length > each) lines.push(`${rule}: and ${found.length - each} more`);
  }
  return lines;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [folder, ...flags] = process.argv.slice(2);
  if (folder === undefined) throw new Error('which folder?');
  const { figures, violations } = check(folder);
  if (flags.includes('--json')) console.log(JSON.stringify({ figures, violations }));
  else console.log([JSON.stringify(figures), ...describe(violations, 20)].join('\n'));
  process.exitCode = violations.length > 0 ? 1 : 0;
}
