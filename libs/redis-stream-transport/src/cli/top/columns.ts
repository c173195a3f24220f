import { ago, lasting } from '../values.js';
import type { Column } from '../table.js';
import type { InstanceRow, PatternRow } from './rows.js';

/** A column, and what it says of a row. */
export interface Shown<Row> extends Column {
  /** Where lines are too short, columns are left out: the one with the least number first. Undefined: it stays. */
  readonly weight?: number;
  /** Characters that it usually needs, its name at least. Which columns there are must not change from look to look. */
  readonly size?: number;
  of(row: Row): string;
}

const NONE = '-';
const count = (number: number | undefined): string =>
  number === undefined ? NONE : String(number);

/** Things in a second. */
function rate(number: number | undefined): string {
  if (number === undefined) return NONE;
  return number === 0 || number >= 100 ? String(Math.round(number)) : number.toPrecision(2);
}

/** Errors, and which part of what has ended they are. */
function errors({ done }: PatternRow): string {
  if (done === undefined) return NONE;
  if (done.errors === 0) return '0';
  const percent = (100 * done.errors) / done.ended;
  return `${done.errors} ${percent < 1 ? '<1' : Math.round(percent)}%`;
}

const right = { right: true } as const;

/** @param withRates whether there was a look before */
export function patternColumns(withRates: boolean): Shown<PatternRow>[] {
  const rates: Shown<PatternRow>[] = [
    { name: 'in/s', ...right, size: 5, weight: 8, of: (row) => rate(row.in) },
    { name: 'out/s', ...right, weight: 7, of: ({ out }) => rate(out) },
  ];
  return [
    { name: 'pattern', cut: true, size: 12, of: ({ pattern }) => pattern },
    { name: 'service', cut: true, size: 12, of: ({ group }) => group || '(nobody)' },
    ...(withRates ? rates : []),
    { name: 'unread', ...right, of: ({ unread }) => String(unread) },
    { name: 'pending', ...right, of: ({ pending }) => String(pending) },
    { name: 'retries', ...right, weight: 5, of: ({ waiting }) => String(waiting) },
    { name: 'later', ...right, weight: 0.5, of: ({ scheduled }) => count(scheduled) },
    { name: 'oldest', ...right, size: 7, of: ({ oldest }) => ago(oldest) },
    { name: 'p50', ...right, weight: 4, size: 7, of: ({ done }) => lasting(done?.p50) },
    { name: 'p99', ...right, size: 7, of: ({ done }) => lasting(done?.p99) },
    { name: 'errors', ...right, size: 7, of: errors },
    { name: 'retried', ...right, weight: 3, of: ({ done }) => count(done?.retries) },
    { name: 'dead', ...right, weight: 2, of: ({ done }) => count(done?.dead) },
    { name: 'inst.', ...right, weight: 1, of: ({ instances }) => count(instances) },
  ];
}

interface ShownInstance {
  readonly row: InstanceRow;
  /** Whether no row above is of its service. */
  readonly isFirst: boolean;
}

const ofInstance =
  (text: (row: InstanceRow) => string) =>
  ({ row }: ShownInstance): string =>
    row.instance === '' ? '' : text(row);

export const INSTANCE_COLUMNS: readonly Shown<ShownInstance>[] = [
  { name: 'service', cut: true, size: 12, of: ({ row }) => row.service },
  // They are the service's, whichever instance made them.
  { name: 'dead', ...right, of: ({ row, isFirst }) => (isFirst ? String(row.deadLetters) : '') },
  { name: 'instance', cut: true, size: 12, of: ({ row }) => row.instance || '(none)' },
  { name: 'runs', ...right, of: ofInstance(({ running }) => count(running)) },
  { name: 'waits', ...right, of: ofInstance(({ waiting }) => count(waiting)) },
  { name: 'lease', ...right, size: 6, of: ofInstance(({ leaseFor }) => ago(leaseFor)) },
  { name: 'version', weight: 1, of: ({ row }) => row.version },
];

const GAP = 2;

/** The columns that fit a line. */
export function fitting<Row>(columns: readonly Shown<Row>[], width: number): Shown<Row>[] {
  const left = [...columns];
  const needed = (): number =>
    left.reduce((sum, { name, size = 0 }) => sum + Math.max(name.length, size) + GAP, -GAP);
  while (needed() > width) {
    const [least] = left
      .filter(({ weight }) => weight !== undefined)
      .toSorted((one, other) => (one.weight ?? 0) - (other.weight ?? 0));
    if (least === undefined) break;
    left.splice(left.indexOf(least), 1);
  }
  return left;
}
