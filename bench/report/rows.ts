// The rows of the tables: what was measured of each peer, ratios, and figures of our own.
import { GROWTH, IDLE_PERCENT, SHARE } from '../aims/aims.js';
import type { JudgedRatio } from '../aims/judge.js';
import { signOf } from '../aims/tables.js';
import { median, spread } from '../harness/stats.js';
import { keyText, type Cell, type Fact } from './cells.js';
import { TITLES } from './metrics.js';
import { keyOf, type Ratio } from './ratios.js';
import { short, withRange } from './tables.js';

export function peersRows(cells: readonly Cell[]) {
  const shared = cells.some(({ instances }) => instances > 1);
  const head = ['', 'calls/s', 'p50 ms', 'p99 ms', 'p99.9 ms'];
  head.push('CPU s/10k: client', 'service', 'broker', 'all', 'RSS MB: client', 'service', 'broker');
  if (shared) head.push('calls per service', 'off equal');
  head.push('errors');
  const peers = [...new Set(cells.map(({ peer }) => peer))];
  return [
    head,
    ...peers.map((peer) => {
      const own = cells.filter((cell) => cell.peer === peer);
      const middle = (pick: (cell: Cell) => number | null) => short(spread(own.map(pick))?.median);
      const row = [peer, withRange(spread(own.map(({ callsPerSecond }) => callsPerSecond)))];
      row.push(
        middle(({ p50ms }) => p50ms),
        middle(({ p99ms }) => p99ms),
        middle(({ p999ms }) => p999ms),
      );
      row.push(
        middle(({ cpu }) => cpu.client),
        middle(({ cpu }) => cpu.service),
        middle(({ cpu }) => cpu.broker),
        middle(({ cpuPer10k }) => cpuPer10k),
      );
      row.push(
        middle(({ rssMb }) => rssMb.client),
        middle(({ rssMb }) => rssMb.service),
        middle(({ rssMb }) => rssMb.broker),
      );
      if (shared) row.push(...sharing(own));
      row.push(String(own.reduce((sum, { errors, unanswered }) => sum + errors + unanswered, 0)));
      return row;
    }),
  ];
}

/** How the calls of all rounds were shared. */
function sharing(cells: readonly Cell[]) {
  const [first] = cells;
  const sums = (first?.perService ?? []).map((_, i) =>
    cells.reduce((sum, { perService }) => sum + (perService[i] ?? 0), 0),
  );
  const calls = cells.reduce((sum, cell) => sum + cell.calls, 0);
  const executed = sums.reduce((sum, count) => sum + count, 0);
  const equal = executed / sums.length;
  const off = Math.max(...sums.map((count) => Math.abs(count / equal - 1)));
  // Some calls are on their way at either end of a measurement.
  const times = executed / calls;
  const often = times > 1.1 ? ` (each ${times.toFixed(1)} times)` : '';
  const fair = first?.peer === 'ours' ? (off <= SHARE ? ' met' : ' NOT met') : '';
  return [
    sums.map((count) => short(count)).join(' / ') + often,
    `${(off * 100).toFixed(0)}%${fair}`,
  ];
}

export function ratiosRows(ratios: readonly Ratio[], aims: readonly JudgedRatio[]) {
  const peers = [...new Set(ratios.map(({ to }) => to))];
  const rows = new Map();
  for (const ratio of ratios) {
    const name = `${ratio.load}: ${TITLES[ratio.metric]}`;
    const row = rows.get(name) ?? new Map();
    rows.set(name, row.set(ratio.to, ratio));
  }
  const of = ratios[0]?.of;
  return [
    [`${of} divided by`, ...peers],
    ...[...rows].map(([name, row]) => [
      name,
      ...peers.map((peer) => ratioText(row.get(peer), aims)),
    ]),
  ];
}

function ratioText(ratio: Ratio | undefined, aims: readonly JudgedRatio[]) {
  if (ratio === undefined) return '-';
  const text = withRange(ratio);
  const { of, to, metric } = ratio;
  const aim = aims.find(
    (one) =>
      one.of === of &&
      one.to === to &&
      one.metric === metric &&
      keyOf(one.load) === `${ratio.mode}: ${ratio.load}`,
  );
  if (aim === undefined) return text;
  return `${text} ${signOf(aim)}${aim.aim} ${aim.verdict === 'met' ? 'met' : 'NOT met'}`;
}

/** Facts that belong into one table. */
export function byMode(facts: readonly Fact[]) {
  const modes: Map<string, Fact[]> = new Map();
  for (const fact of facts) {
    const { kind, ...key } = fact.key;
    const name = kind === undefined ? fact.mode : `${fact.mode}: ${kind}`;
    modes.set(name, [...(modes.get(name) ?? []), { ...fact, key }]);
  }
  return modes;
}

/** Where a call must cost Redis the same, however much there is. */
const FLAT = new Set(['growth: backlog', 'growth: pending']);

export function factsRows(mode: string, facts: readonly Fact[]) {
  const columns = Object.keys(facts[0]?.values ?? {});
  const groups: Map<string, Fact[]> = new Map();
  for (const fact of facts) {
    const { round: _round, ...key } = fact.key;
    const name = keyText(key);
    groups.set(name, [...(groups.get(name) ?? []), fact]);
  }
  const perCall = (group: Fact[] | undefined = []) =>
    median(group.map(({ values }) => values.redisMicrosecondsPerCall ?? Number.NaN));
  const smallest = perCall([...groups.values()][0]);
  return [
    ['', ...columns, ''],
    ...[...groups].map(([name, group]) => [
      name,
      ...columns.map((column) => withRange(spread(group.map(({ values }) => values[column])))),
      verdict(group, mode, perCall(group) / smallest),
    ]),
  ];
}

function verdict(group: readonly Fact[], mode: string, growth: number) {
  const idle = median(group.map(({ values }) => values.redisPercentPerInstance ?? Number.NaN));
  if (mode === 'idle') return `≤${IDLE_PERCENT} ${idle <= IDLE_PERCENT ? 'met' : 'NOT met'}`;
  if (!Number.isFinite(growth)) return '';
  const factor = `×${growth.toFixed(2)}`;
  if (!FLAT.has(mode)) return factor;
  return `${factor} ≤${1 + GROWTH} ${growth <= 1 + GROWTH ? 'met' : 'NOT met'}`;
}
