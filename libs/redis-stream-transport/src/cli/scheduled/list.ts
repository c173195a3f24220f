import type { Command } from 'commander';
import { readScheduled, type ScheduledEntry } from '../../operate/index.js';
import { described } from '../described.js';
import type { Session } from '../session.js';
import { tellUnlooked, timeLimitOf, TIME_UP_EXIT, withTimeout } from '../time-up.js';
import { ago, when } from '../values.js';
import { placeOf, withWhere } from '../where.js';
import { filterOf, withFilter, type ScheduledOptions } from './filter.js';

const COLUMNS = [
  { name: 'due (UTC)' },
  { name: 'in', right: true },
  { name: 'pattern', cut: true },
  { name: 'kind' },
  { name: 'id', cut: true },
];

export function addList(scheduled: Command, session: Session): void {
  const command = described(scheduled.command('list'), {
    summary: 'lists what is due later, what is due first',
    examples: [
      ['scheduled list --before 1h', 'what is due within the next hour?'],
      ['scheduled list --pattern orders.paid --json', 'with headers and data, one per line'],
    ],
    exits: `0: it worked; 1: it failed; ${TIME_UP_EXIT}`,
  });
  withTimeout(withWhere(withFilter(command, 50))).action((options: ScheduledOptions) =>
    list(options, session),
  );
}

async function list(options: ScheduledOptions, session: Session): Promise<void> {
  const { screen } = session;
  const time = timeLimitOf(options);
  const place = placeOf(options, screen.terminal);
  const { entries, more } = await readScheduled(place, filterOf(options), options.limit, time);
  if (options.json === true) for (const entry of entries) screen.jsonLine(entry);
  else if (entries.length > 0) screen.table(COLUMNS, entries.map(row));
  else if (time.unlooked.length === 0) screen.line('nothing that fits is due later');
  if (more) screen.note(`there are more (--limit ${options.limit})`);
  tellUnlooked(time, session);
}

const row = (entry: ScheduledEntry): string[] => {
  const { dueAt, pattern, kind, id } = entry;
  return [when(dueAt), dueIn(entry), pattern, kind, id];
};

/** How long until it is due. By the clock of this process: what is due already Redis has said. */
function dueIn({ dueAt, overdueFor }: ScheduledEntry): string {
  if (overdueFor !== undefined) return `-${ago(overdueFor)}`;
  return ago(Math.max(0, dueAt - Date.now()));
}
