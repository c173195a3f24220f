// One peer beside another: one ratio per round, then the median of them. Rounds are compared with
// themselves, so that a slow minute of the machine counts for both.
import { spread, type Spread } from '../harness/stats.js';
import { nameOf, type Cell, type Load } from './cells.js';
import { METRICS, type Metric } from './metrics.js';

export interface Ratio extends Spread {
  mode: string;
  load: string;
  metric: Metric;
  of: string;
  to: string;
  /** In which both were measured. */
  rounds: number;
}

/** Ours beside each peer, or the first peer beside the others, by all that can be compared. */
export function ratiosOf(cells: readonly Cell[]): Ratio[] {
  const of = cells.some(({ peer }) => peer === 'ours') ? 'ours' : cells[0]?.peer;
  if (of === undefined) return [];
  const ratios: Ratio[] = [];
  for (const same of byLoad(cells).values()) {
    const others = [...new Set(same.map(({ peer }) => peer))].filter((peer) => peer !== of);
    for (const to of others)
      for (const metric of METRICS) {
        const ratio = ratioOf(same, metric, of, to);
        if (ratio !== undefined) ratios.push(ratio);
      }
  }
  return ratios;
}

/** The same for loads that are compared, and for nothing else. */
export const keyOf = (load: Load): string => `${load.mode}: ${nameOf(load)}`;

export function byLoad(cells: readonly Cell[]): Map<string, Cell[]> {
  const groups: Map<string, Cell[]> = new Map();
  for (const cell of cells) {
    const key = keyOf(cell);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [cell]);
    else group.push(cell);
  }
  return groups;
}

/** @param cells of one load; undefined if there is no round in which both were measured */
export function ratioOf(
  cells: readonly Cell[],
  metric: Metric,
  of: string,
  to: string,
): Ratio | undefined {
  const [first] = cells;
  const values = cells
    .filter(({ peer }) => peer === of)
    .map((mine) => {
      const theirs = cells.find(({ peer, round }) => peer === to && round === mine.round);
      return (mine[metric] ?? Number.NaN) / (theirs?.[metric] ?? Number.NaN);
    })
    .filter(Number.isFinite);
  const around = spread(values);
  if (around === undefined || first === undefined) return undefined;
  return {
    mode: first.mode,
    load: nameOf(first),
    metric,
    of,
    to,
    ...around,
    rounds: values.length,
  };
}
