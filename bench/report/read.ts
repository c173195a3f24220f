// Results that were written with --json, of several runs together. Runs are put beside each other, never into one
// ratio: rounds are renumbered.
import { readFileSync } from 'node:fs';
import type { Cell, Fact } from './cells.js';

/** What a run says of itself. */
export interface Run {
  readonly date: string;
  readonly machine: { readonly cores: number; readonly loadBefore: number };
  /** `rounds` that were played: a run that was interrupted has less than were asked for. */
  readonly options: { readonly rounds: number; readonly duration: number };
  /** Of the repository; not there in files of earlier versions, and outside of a clone. */
  readonly commit?: string;
}

/** What was measured. Not taken from `Results`: tests read it where the peers' packages are not installed. */
export interface Measured {
  readonly versions: Record<string, string>;
  readonly cells: Cell[];
  readonly facts: Fact[];
}
type File = Run & Measured;

/** Above the number of rounds of any run. */
const APART = 1000;

export function readResults(files: readonly string[]): Measured & { readonly runs: Run[] } {
  return together(files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as File));
}

export function together(files: readonly File[]): Measured & { readonly runs: Run[] } {
  const all: Measured & { runs: Run[] } = { versions: {}, cells: [], facts: [], runs: [] };
  for (const [index, { versions, cells, facts, ...run }] of files.entries()) {
    Object.assign(all.versions, versions);
    for (const cell of cells) all.cells.push({ ...cell, round: cell.round + index * APART });
    all.facts.push(...facts);
    const played = Math.max(0, ...cells.map(({ round }) => round));
    all.runs.push({ ...run, options: { ...run.options, rounds: played } });
  }
  return all;
}
