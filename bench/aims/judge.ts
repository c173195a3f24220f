// Aims beside what was measured.
import { spread, type Spread } from '../harness/stats.js';
import { keyText, type Cell, type Fact, type Load } from '../report/cells.js';
import { largerIsBetter, type Metric } from '../report/metrics.js';
import { byLoad, keyOf, ratioOf } from '../report/ratios.js';
import { AIMS, BOUNDS, type Aim, type Bound, type Figure } from './aims.js';

export type Verdict = 'met' | 'missed' | 'not measured';

export interface Judged {
  readonly title: string;
  readonly aim: number;
  readonly verdict: Verdict;
  /** Of the rounds that count. */
  readonly measured: Spread | undefined;
  readonly rounds: number;
  readonly before: string | undefined;
}

/** One cell of the table of ratios. */
export interface JudgedRatio extends Judged {
  readonly load: Load;
  readonly metric: Metric;
  readonly of: string;
  readonly to: string;
  /** Rounds that do not count, because the other one was not measured in them, or answered nothing. */
  readonly missing: number;
  /** Calls that failed or were never answered. One of ours is enough to miss the aim. */
  readonly failed: { readonly ours: number; readonly theirs: number };
}

export function judgeRatios(cells: readonly Cell[], aims: readonly Aim[] = AIMS): JudgedRatio[] {
  const loads = byLoad(cells);
  return aims.flatMap((aim) => {
    const same = loads.get(keyOf(aim.load)) ?? [];
    return Object.entries(aim.to).map(([to, wanted]) => judgeRatio(aim, same, to, wanted));
  });
}

function judgeRatio(
  { title, load, metric, of, before }: Aim,
  cells: readonly Cell[],
  to: string,
  aim: number,
): JudgedRatio {
  const own = cells.filter(({ peer }) => peer === of);
  const failed = {
    ours: failures(own),
    theirs: failures(cells.filter(({ peer }) => peer === to)),
  };
  const ratio = ratioOf(cells, metric, of, to);
  const measured = ratio && { median: ratio.median, min: ratio.min, max: ratio.max };
  const rounds = ratio?.rounds ?? 0;
  const missing = own.length - rounds;
  const median = measured?.median ?? Number.NaN;
  const reached = failed.ours === 0 && reaches(median, aim, largerIsBetter(metric));
  const verdict = verdictOf(measured, reached);
  const judged = { title, aim, verdict, measured, rounds, before };
  return { ...judged, load, metric, of, to, missing, failed };
}

const failures = (cells: readonly Cell[]) =>
  cells.reduce((sum, { errors, unanswered }) => sum + errors + unanswered, 0);

export function judgeBounds(facts: readonly Fact[], bounds: readonly Bound[] = BOUNDS): Judged[] {
  return bounds.map((bound) => {
    const values = valuesOf(facts, bound);
    const measured = spread(values);
    const verdict = verdictOf(measured, reaches(measured?.median ?? Number.NaN, bound.most, false));
    const { title, most: aim, before } = bound;
    return { title, aim, verdict, measured, rounds: values.length, before };
  });
}

function valuesOf(facts: readonly Fact[], { fact, over }: Bound): number[] {
  const above = byRound(facts, fact);
  const below = over === undefined ? undefined : byRound(facts, over);
  return [...above]
    .map(([round, value]) => (below === undefined ? value : value / (below.get(round) ?? NaN)))
    .filter(Number.isFinite);
}

/** A figure in each round in which it was measured. */
function byRound(facts: readonly Fact[], { mode, key, value }: Figure): Map<unknown, number> {
  const wanted = keyText(key);
  const rounds: Map<unknown, number> = new Map();
  for (const fact of facts) {
    const { round, ...rest } = fact.key;
    const figure = fact.values[value];
    if (fact.mode === mode && keyText(rest) === wanted && figure !== undefined)
      rounds.set(round, figure);
  }
  return rounds;
}

const reaches = (value: number, aim: number, larger: boolean) =>
  larger ? value >= aim : value <= aim;

function verdictOf(measured: Spread | undefined, reached: boolean): Verdict {
  if (measured === undefined) return 'not measured';
  return reached ? 'met' : 'missed';
}
