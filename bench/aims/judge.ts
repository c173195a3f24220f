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

/** One row of the table of our own figures. */
export interface JudgedBound extends Judged {
  /** Calls that failed or were never answered: one is enough to miss the bound. */
  readonly failed: number;
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

export function judgeBounds(
  facts: readonly Fact[],
  bounds: readonly Bound[] = BOUNDS,
): JudgedBound[] {
  return bounds.map(({ title, most: aim, before, fact, over }) => {
    const above = factsOf(facts, fact);
    const below = over === undefined ? undefined : factsOf(facts, over);
    const failed = [...above, ...(below ?? [])].reduce(
      (sum, [, { values }]) => sum + (values.errors ?? 0),
      0,
    );
    const figures = [...above].map(([round, { values }]) => {
      const value = values[fact.value] ?? Number.NaN;
      if (below === undefined || over === undefined) return value;
      return value / (below.get(round)?.values[over.value] ?? Number.NaN);
    });
    const measured = spread(figures);
    const median = measured?.median ?? Number.NaN;
    const verdict = verdictOf(measured, failed === 0 && reaches(median, aim, false));
    const rounds = figures.filter(Number.isFinite).length;
    return { title, aim, verdict, measured, rounds, before, failed };
  });
}

/** By their rounds. */
function factsOf(facts: readonly Fact[], { mode, key }: Figure): Map<unknown, Fact> {
  const wanted = keyText(key);
  const rounds: Map<unknown, Fact> = new Map();
  for (const fact of facts) {
    const { round, ...rest } = fact.key;
    if (fact.mode === mode && keyText(rest) === wanted) rounds.set(round, fact);
  }
  return rounds;
}

const reaches = (value: number, aim: number, larger: boolean) =>
  larger ? value >= aim : value <= aim;

function verdictOf(measured: Spread | undefined, reached: boolean): Verdict {
  if (measured === undefined) return 'not measured';
  return reached ? 'met' : 'missed';
}
