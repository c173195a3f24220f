import type { Command } from 'commander';
import {
  readPaused,
  readPending,
  type PendingEntry,
  type PendingFilter,
} from '../operate/index.js';
import { described } from './described.js';
import { pausedLines } from './paused-lines.js';
import type { Screen } from './screen.js';
import type { Session } from './session.js';
import { tellUnlooked, timeLimitOf, TIME_UP_EXIT, withTimeout, type Timed } from './time-up.js';
import { ago, duration, when, wholeNumber } from './values.js';
import { placeOf, withWhere, type Where } from './where.js';

interface PendingOptions extends Where, Timed {
  readonly service?: string;
  readonly pattern?: string;
  readonly older?: number;
  readonly limit: number;
}

const COLUMNS = [
  { name: 'pattern', cut: true },
  { name: 'service', cut: true },
  { name: 'state' },
  { name: 'age', right: true },
  { name: 'with', cut: true },
  { name: 'deliv.', right: true },
  { name: 'fails', right: true },
  { name: 'next (UTC)' },
];

export function addPending(program: Command, session: Session): void {
  const command = described(program.command('pending'), {
    summary: 'lists what runs, and what waits for another attempt, the oldest first',
    about: 'Unread entries are not among them: top counts these.',
    examples: [
      ['pending --older 1m', 'what takes longer than a minute?'],
      ['pending --service orders --json', 'with ids of entries and calls, one per line'],
    ],
    exits: `0: it worked; 1: it failed; ${TIME_UP_EXIT}`,
  });
  withTimeout(withWhere(command))
    .option('--service <group>', 'of this service')
    .option('--pattern <pattern>', 'of this pattern')
    .option('--older <duration>', 'stored at least so long ago: 30s, 15m, 2h', duration)
    .option('--limit <number>', 'so many at most, up to 1,000', wholeNumber, 50)
    .action((options: PendingOptions) => list(options, session));
}

async function list(options: PendingOptions, session: Session): Promise<void> {
  const { screen } = session;
  const { service, pattern, older, limit } = options;
  const filter = {
    ...(service === undefined ? {} : { service }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(older === undefined ? {} : { olderThan: older }),
  };
  const place = placeOf(options, screen.terminal);
  const time = timeLimitOf(options);
  const { entries, more } = await readPending(place, filter, limit, time);
  if (options.json === true) for (const entry of entries) screen.jsonLine(entry);
  else if (entries.length === 0) {
    if (time.unlooked.length === 0)
      screen.line('nothing runs, and nothing waits for another attempt');
  } else screen.table(COLUMNS, entries.map(row));
  if (options.json !== true) await tellPauses(filter, options, screen);
  if (more) screen.note(`there are more (--limit ${limit})`);
  tellUnlooked(time, session);
}

/** What is paused waits with its instance, and looks like what runs. */
async function tellPauses(
  { service, pattern }: PendingFilter,
  options: PendingOptions,
  screen: Screen,
): Promise<void> {
  const { patterns, instances } = await readPaused(placeOf(options, screen.terminal));
  const isMeant = (one: { service: string; pattern?: string }): boolean =>
    (service === undefined || one.service === service) &&
    (pattern === undefined || one.pattern === undefined || one.pattern === pattern);
  const meant = { patterns: patterns.filter(isMeant), instances: instances.filter(isMeant) };
  if (meant.patterns.length + meant.instances.length === 0) return;
  for (const line of pausedLines(meant)) screen.line(line, 'yellow');
}

function row(entry: PendingEntry): string[] {
  const { pattern, service, state, age, instance, deliveries, attempts, dueAt } = entry;
  const next = dueAt === undefined ? '' : when(dueAt).slice(11);
  const numbers = [String(deliveries), String(attempts)];
  return [pattern, service, state, ago(age), instance, ...numbers, next];
}
