// Ours beside each peer: one ratio per round, then the median of them. Rounds are compared with
// themselves, so that a slow minute of the machine counts for both.
import { spread } from '../harness/stats.mjs';
import { GOALS, largerIsBetter } from './goals.mjs';
import { nameOf } from './results.mjs';

/** @typedef {import('./results.mjs').Cell} Cell */
/** @typedef {import('./goals.mjs').Metric} Metric */

/**
 * @typedef {object} Ratio
 * @property {string} mode
 * @property {string} load
 * @property {Metric} metric
 * @property {string} of
 * @property {string} to
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {number} [goal]
 * @property {boolean} [met]
 */

/** @type {readonly Metric[]} */
const METRICS = ['callsPerSecond', 'p50ms', 'p99ms', 'cpuPer10k'];

/** @param {readonly Cell[]} cells @returns {Ratio[]} */
export function ratiosOf(cells) {
  const of = cells.some(({ peer }) => peer === 'ours') ? 'ours' : cells[0]?.peer;
  if (of === undefined) return [];
  const loads = byLoad(cells);
  /** @type {Ratio[]} */
  const ratios = [];
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

/** @param {readonly Cell[]} cells @returns {Map<string, Cell[]>} */
export function byLoad(cells) {
  /** @type {Map<string, Cell[]>} */
  const groups = new Map();
  for (const cell of cells) {
    const name = `${cell.mode}: ${nameOf(cell)}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [cell]);
    else group.push(cell);
  }
  return groups;
}

/**
 * @param {readonly Cell[]} cells
 * @param {Metric} metric
 * @param {string} of
 * @param {string} to
 * @returns {Ratio | undefined}
 */
function ratioOf(cells, metric, of, to) {
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
