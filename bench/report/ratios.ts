// Ours beside each peer: one ratio per round, then the median of them. Rounds are compared with
// themselves, so that a slow minute of the machine counts for both.
import { spread } from '../harness/stats.js';
import { GOALS, largerIsBetter, type Metric } from './goals.js';
import { nameOf, type Cell } from './cells.js';

export interface Ratio {
  mode: string;
  load: string;
  metric: Metric;
  of: string;
  to: string;
  median: number;
  min: number;
  max: number;
  goal?: number;
  met?: boolean;
}

const METRICS: readonly Metric[] = ['callsPerSecond', 'p50ms', 'p99ms', 'cpuPer10k'];

export function ratiosOf(cells: readonly Cell[]): Ratio[] {
  const of = cells.some(({ peer }) => peer === 'ours') ? 'ours' : cells[0]?.peer;
  if (of === undefined) return [];
  const loads = byLoad(cells);
  const ratios: Ratio[] = [];
  for (const same of loads.values()) {
    const others = [...new Set(same.map(({ peer }) => peer))].filter((peer) => peer !== of);
    for (const to of others)
      for (const metric of METRICS) {
        const ratio = ratioOf(same, metric, of, to);
        if (ratio !== undefined) ratios.push(ratio);
      }
  }
  return ratios;
}

export function byLoad(cells: readonly Cell[]): Map<string, Cell[]> {
  const groups: Map<string, Cell[]> = new Map();
  for (const cell of cells) {
    const name = `${cell.mode}: ${nameOf(cell)}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [cell]);
    else group.push(cell);
  }
  return groups;
}

function ratioOf(
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
    });
  const around = spread(values);
  if (around === undefined || first === undefined) return undefined;
  const load = nameOf(first);
  const ratio = { mode: first.mode, load, metric, of, to, ...around };
  const goal = of === 'ours' ? GOALS[load]?.[metric]?.[to] : undefined;
  if (goal === undefined) return ratio;
  const met = largerIsBetter(metric) ? around.median >= goal : around.median <= goal;
  return { ...ratio, goal, met };
}
