import type { Command } from 'commander';
import {
  countScheduled,
  patternStatistics,
  readStatistics,
  TimeLimit,
  type PatternStatistics,
  type ScheduledCount,
  type Statistics,
} from '../operate/index.js';
import { described } from './described.js';
import { Failure } from './failure.js';
import type { Screen } from './screen.js';
import type { Session } from './session.js';
import { ago, counted, lasting, when } from './values.js';
import { servedPlaceOf, withWhere, type Where } from './where.js';

/** Milliseconds that it looks for what is due later. */
const LOOK = 10_000;

const count = (of: (counts: PatternStatistics) => number) => ({
  right: true,
  of: (counts: PatternStatistics) => String(of(counts)),
});

/** The columns of a table, and what each says of a pattern. */
function columnsFor(all: readonly PatternStatistics[]) {
  // Mostly nothing is paused or cancelled, and names need the room.
  const ifAny = (name: 'paused' | 'cancelled') =>
    all.some((one) => one[name] > 0) ? [{ name, ...count((one) => one[name]) }] : [];
  return [
    { name: 'pattern', cut: true, of: ({ pattern }: PatternStatistics) => pattern },
    { name: 'service', cut: true, of: ({ service }: PatternStatistics) => service },
    { name: 'ended', ...count(({ ended }) => ended) },
    { name: 'errors', ...count(({ errors }) => errors) },
    ...ifAny('paused'),
    ...ifAny('cancelled'),
    { name: 'retries', ...count(({ retries }) => retries) },
    { name: 'runs', ...count(({ running }) => running) },
    { name: 'p50', right: true, of: ({ p50 }: PatternStatistics) => lasting(p50) },
    { name: 'p99', right: true, of: ({ p99 }: PatternStatistics) => lasting(p99) },
  ];
}

export function addStats(program: Command, session: Session): void {
  const command = described(program.command('stats'), {
    summary: 'what instances have done since they were started, by pattern',
    about:
      'It asks the instances themselves. What ended, how, and how long handlers ran. And what is due later, which Redis says.',
    examples: [
      ['stats', 'of all services'],
      ['stats orders --json', 'of one, with what each instance says'],
      ['stats media.files', 'of a contract'],
    ],
    exits: '0: it worked; 1: no instance of it has answered, or it failed',
  });
  withWhere(command)
    .argument('[service]', 'only this one, by its group or its contract')
    .action((service: string | undefined, options: Where) => stats(service, options, session));
}

async function stats(
  wanted: string | undefined,
  options: Where,
  { screen }: Session,
): Promise<void> {
  const place = await servedPlaceOf(options, screen.terminal);
  const [said, waiting] = await Promise.all([
    readStatistics(place),
    countScheduled(place, new TimeLimit(LOOK)),
  ]);
  const isMeant = ({ service, pattern }: PatternStatistics): boolean =>
    wanted === undefined || service === wanted || pattern.startsWith(`${wanted}.`);
  const all = patternStatistics(said)
    .filter(isMeant)
    .toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
  const instances = said.instances.filter(
    ({ service, patterns }) =>
      wanted === undefined ||
      service === wanted ||
      patterns.some(({ pattern }) => pattern.startsWith(`${wanted}.`)),
  );
  const meant = new Set(
    instances.flatMap(({ patterns }) => patterns.map(({ pattern }) => pattern)),
  );
  const scheduled = waiting.filter(({ stream }) => wanted === undefined || meant.has(stream));
  if (wanted !== undefined && instances.length === 0) throw nobody(wanted, said);
  if (options.json === true)
    screen.json({ patterns: all, instances, silent: said.silent, scheduled });
  else if (all.length === 0) screen.line('nothing was called yet');
  else printTable(all, screen);
  if (options.json === true) return;
  for (const line of scheduledLines(scheduled)) screen.line(line);
  tellGaps(said, screen);
}

/** Streams of which the lines say what is due later. */
const MOST = 10;

function scheduledLines(all: readonly ScheduledCount[]): string[] {
  const lines = all.slice(0, MOST).map(({ stream, count: entries, nextAt, overdueFor }) => {
    const first = overdueFor === undefined ? when(nextAt) : `overdue for ${ago(overdueFor)}`;
    return `due later: ${entries} of ${stream}, the first ${first}`;
  });
  return all.length > MOST ? [...lines, `and of ${all.length - MOST} more`] : lines;
}

const nameOf = ({ service, pattern }: PatternStatistics): string => `${service} ${pattern}`;

function printTable(all: readonly PatternStatistics[], screen: Screen): void {
  const columns = columnsFor(all);
  screen.table(
    columns,
    all.map((one) => columns.map(({ of }) => of(one))),
  );
}

function nobody(wanted: string, { instances }: Statistics): Failure {
  const names = [...new Set(instances.map(({ service }) => service))].toSorted();
  const there = names.length === 0 ? 'none has' : `these are: ${names.slice(0, 20).join(', ')}`;
  return new Failure(`no instance of ${wanted} has answered; ${there}`);
}

/** Says what the figures leave out. */
export function tellGaps({ instances, silent }: Statistics, screen: Screen): void {
  if (silent.length > 0) {
    screen.note(`${counted(silent.length, 'instance')} did not answer: ${names(silent)}`);
  }
  const more = instances.reduce((sum, one) => sum + one.more, 0);
  if (more > 0) screen.note(`${counted(more, 'pattern')} had no room in the answers`);
}

const names = (all: readonly string[]): string =>
  `${all.slice(0, 5).join(', ')}${all.length > 5 ? ', …' : ''}`;
