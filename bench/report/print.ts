// What is shown in the end.
import { judgeBounds, judgeRatios } from '../aims/judge.js';
import { AIMS, BOUNDS } from '../aims/aims.js';
import { boundRows, ratioRows, summary } from '../aims/tables.js';
import { byLoad, ratiosOf } from './ratios.js';
import type { Measured } from './read.js';
import { byMode, factsRows, peersRows, ratiosRows } from './rows.js';
import { table } from './tables.js';

export type Render = (rows: string[][]) => string;

const out = (text: string) => console.log(text);

/** Everything that was measured, and ratios. */
export function print(results: Measured, render: Render = table) {
  out(
    `\n${Object.entries(results.versions)
      .map(([name, version]) => `${name}: ${version}`)
      .join(', ')}`,
  );
  for (const [load, cells] of byLoad(results.cells))
    out(`\n${load}\n\n${render(peersRows(cells))}`);
  for (const [mode, facts] of byMode(results.facts))
    out(`\n${mode}\n\n${render(factsRows(mode, facts))}`);
  const ratios = ratiosOf(results.cells);
  if (ratios.length === 0) return;
  const aims = judgeRatios(results.cells).filter(({ measured }) => measured !== undefined);
  out(`\n${render(ratiosRows(ratios, aims))}`);
}

/** The first table of aims, or rows of it. */
export function printRatios({ cells }: Measured, aims = AIMS, render: Render = table) {
  if (aims.length === 0) return;
  const judged = judgeRatios(cells, aims);
  out(`\n${render(ratioRows(judged))}\n\n${summary(judged)}`);
}

/** The second table of aims, or rows of it. */
export function printBounds({ facts }: Measured, bounds = BOUNDS, render: Render = table) {
  if (bounds.length === 0) return;
  const judged = judgeBounds(facts, bounds);
  out(`\n${render(boundRows(judged))}\n\n${summary(judged)}`);
}
