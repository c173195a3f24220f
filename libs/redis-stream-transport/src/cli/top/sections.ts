import { pausedIn, pausedLines, isPaused } from '../paused-lines.js';
import type { Colour } from '../screen.js';
import { table } from '../table.js';
import { ago, counted } from '../values.js';
import { fitting, INSTANCE_COLUMNS, patternColumns, type Shown } from './columns.js';
import { instanceRows, patternRows } from './rows.js';
import type { View } from './view.js';
import type { TopLook } from './watch.js';

/** A line of what is shown. */
export interface Line {
  readonly text: string;
  readonly colour?: Colour;
}

/** Looks that are shown. */
export interface Looks {
  readonly now: TopLook;
  /** The last one before; undefined: there is none. */
  readonly before?: TopLook | undefined;
  /** Since when the instances' work counts; undefined: since they were started. */
  readonly since?: TopLook | undefined;
}

const BLANK: Line = { text: '' };
/** Milliseconds after which an entry that is due should have been added to its stream. */
const OVERDUE = 5000;

/** What the servers say: one line each. */
export function serverLines({ overview: { servers } }: TopLook): Line[] {
  return servers.map(({ version, port, usedMemory, maxMemory, clients, maxClients }) => {
    const memory = `${size(usedMemory)}${maxMemory ? ` of ${size(maxMemory)}` : ''}`;
    const connections = `${clients ?? '?'} of ${maxClients ?? '?'} connections`;
    return { text: `${version} on port ${port ?? '?'}: ${memory}, ${connections}` };
  });
}

/** What is due later, what is paused, and who did not answer. */
export function noticeLines({ overview, statistics }: TopLook, view: View): Line[] {
  const held = overview.services.filter((one) => view.isMeant(one.service) && isPaused(one));
  const paused = held.length === 0 ? [] : pausedLines(pausedIn(held));
  const lines = scheduledLines(overview);
  for (const text of paused) lines.push({ text, colour: 'yellow' });
  const { length } = statistics.silent;
  if (length > 0) {
    const names = `${statistics.silent.slice(0, 3).join(', ')}${length > 3 ? ', …' : ''}`;
    lines.push({
      text: `${counted(length, 'instance')} did not answer: ${names}`,
      colour: 'yellow',
    });
  }
  return lines;
}

/** What is due later; in yellow where it should have been added by now. */
function scheduledLines({ backlog }: TopLook['overview']): Line[] {
  const waiting = backlog.streams.filter(({ scheduled }) => scheduled > 0);
  if (waiting.length === 0) return [];
  const all = waiting.reduce((sum, { scheduled }) => sum + scheduled, 0);
  const late = waiting
    .filter(({ overdueFor = 0 }) => overdueFor >= OVERDUE)
    .toSorted((one, other) => (other.overdueFor ?? 0) - (one.overdueFor ?? 0));
  const text = `due later: ${counted(all, 'entry', 'entries')} in ${counted(waiting.length, 'stream')}`;
  const [first] = late;
  if (first === undefined) return [{ text }];
  const others = late.length > 1 ? `, and ${counted(late.length - 1, 'other stream')}` : '';
  const since = `${first.stream} has been due for ${ago(first.overdueFor)}${others}`;
  return [{ text: `${text}; ${since}`, colour: 'yellow' }];
}

/** Patterns, instances and callers: from the section on that the view wants first. */
export function sectionLines(looks: Looks, view: View, width: number): Line[] {
  const { now, before, since } = looks;
  const patterns = view.rowsOf(patternRows(now, before, since));
  const instances = instanceRows(now)
    .filter(({ service, instance }) => view.isMeant(service) && view.matches(service, instance))
    .map((row, i, rows) => ({ row, isFirst: rows[i - 1]?.service !== row.service }));
  const sections = [
    tableLines(patternColumns(before !== undefined), patterns, width, 'no streams'),
    tableLines(INSTANCE_COLUMNS, instances, width, 'no services'),
    callerLines(now, view, width),
  ];
  const [first = [], ...others] = sections.slice(view.section);
  return others.reduce((lines, more) => lines.concat(BLANK, more), first);
}

function tableLines<Row>(
  columns: readonly Shown<Row>[],
  rows: readonly Row[],
  width: number,
  none: string,
): Line[] {
  if (rows.length === 0) return [{ text: none }];
  const shown = fitting(columns, width);
  const cells = rows.map((row) => shown.map((column) => column.of(row)));
  const [head = '', ...lines] = table(shown, cells, width);
  return [{ text: head, colour: 'bold' }, ...lines.map((text) => ({ text }))];
}

interface CallerRow {
  readonly application: string;
  readonly process: string;
  readonly connections: number;
}

const CALLER_COLUMNS: readonly Shown<CallerRow>[] = [
  { name: 'caller', cut: true, of: ({ application }) => application },
  { name: 'process', cut: true, of: ({ process }) => process },
  { name: 'connections', right: true, of: ({ connections }) => String(connections) },
];

function callerLines(
  { overview: { callers, backlog } }: TopLook,
  view: View,
  width: number,
): Line[] {
  if (callers === undefined) {
    return [{ text: `callers: ${backlog.callers} (Redis does not say which)` }];
  }
  const shown = callers.filter(({ application, process }) => view.matches(application, process));
  return tableLines(CALLER_COLUMNS, shown, width, 'no callers are connected');
}

function size(bytes: number | undefined): string {
  if (bytes === undefined) return '?';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = bytes;
  let unit = 0;
  for (; amount >= 1024 && unit < units.length - 1; unit++) amount /= 1024;
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit]}`;
}
