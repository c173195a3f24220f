// Reads the histories of a run, and nothing else, and says what they violate.
//   node --import tsx chaos/check.ts <folder> [--json]
import { isMain } from '../tools/is-main.js';
import { oneOutcomeInTime, truth } from './check/calls.js';
import { dueLater } from './check/delays.js';
import { fencing, lateStarts, repetitions, rightAnswers } from './check/executions.js';
import { expectations } from './check/expectations.js';
import { sharedKeys } from './check/keys.js';
import { figuresOf, type Figures } from './check/figures.js';
import { readRun, type Model, type Violation } from './check/model.js';
import { fewWords, nobodyFalls, truthfulStatus } from './check/processes.js';
import { nothingLeft } from './check/rest.js';
import { unknownOffsets } from './check/unreceived.js';

export type { Figures, Violation };

const rules: readonly ((model: Model) => Iterable<Violation>)[] = [
  oneOutcomeInTime,
  truth,
  rightAnswers,
  repetitions,
  unknownOffsets,
  fencing,
  lateStarts,
  dueLater,
  sharedKeys,
  nothingLeft,
  nobodyFalls,
  fewWords,
  truthfulStatus,
  expectations,
];

/** @param folder folder of the histories */
export function check(folder: string): { figures: Figures; violations: Violation[] } {
  const model = readRun(folder);
  const violations: Violation[] = [];
  for (const rule of rules) for (const violation of rule(model)) violations.push(violation);
  return { figures: figuresOf(model), violations };
}

/** Prints a few lines per rule, however often it is violated. */
export function describe(violations: readonly Violation[], each = 5): string[] {
  const lines: string[] = [];
  for (const rule of new Set(violations.map((violation) => violation.rule))) {
    const found = violations.filter((violation) => violation.rule === rule);
    for (const { id, text } of found.slice(0, each)) {
      lines.push(`${rule}: ${id === undefined ? '' : `${id}: `}${text}`);
    }
    if (found.length > each) lines.push(`${rule}: and ${found.length - each} more`);
  }
  return lines;
}

if (isMain(import.meta.url)) {
  const [folder, ...flags] = process.argv.slice(2);
  if (folder === undefined) throw new Error('which folder?');
  const { figures, violations } = check(folder);
  if (flags.includes('--json')) console.log(JSON.stringify({ figures, violations }));
  else console.log([JSON.stringify(figures), ...describe(violations, 20)].join('\n'));
  process.exitCode = violations.length > 0 ? 1 : 0;
}
