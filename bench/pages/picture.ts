// The picture of docs/performance.md: ours and the others, load by load.
import { spread } from '../harness/stats.js';
import { type Cell } from '../report/cells.js';
import type { Metric } from '../report/metrics.js';
import { byLoad, keyOf } from '../report/ratios.js';
import { short } from '../report/tables.js';
import { type Bar, chart, type Group } from './chart.js';
import { GROUPS, NAMES } from './shown.js';

/** The processor time of a cell is in seconds per 10,000 calls; people read microseconds per call. */
export const MICROSECONDS = 100;

/** @returns the text of an SVG file; a peer or a load that was not measured is left out */
export function picture(cells: readonly Cell[]): string {
  const loads = byLoad(cells);
  const groups: Group[] = [];
  for (const { title, aim } of GROUPS) {
    const bars = barsOf(loads.get(keyOf(aim.load)) ?? [], aim.metric);
    // Ours alone, or others without it, compare nothing.
    if (bars.length > 1 && bars.some(({ own }) => own)) groups.push({ title, bars });
  }
  if (groups.length === 0) throw new Error('nothing was measured that the picture shows');
  const names = Object.values(NAMES).join(', ');
  return chart(`Medians of what was measured: ${names}`, groups);
}

function barsOf(cells: readonly Cell[], metric: Metric): Bar[] {
  return Object.entries(NAMES).flatMap(([peer, name]) => {
    const own = cells.filter((cell) => cell.peer === peer);
    const median = spread(own.map((cell) => cell[metric]))?.median;
    if (median === undefined || median <= 0) return [];
    const value = metric === 'cpuPer10k' ? median * MICROSECONDS : median;
    return [{ name, value, text: short(value), own: peer === 'ours' }];
  });
}
