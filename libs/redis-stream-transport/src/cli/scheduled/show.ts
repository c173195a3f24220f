import type { Command } from 'commander';
import { findScheduled, type ScheduledEntry } from '../../operate/index.js';
import { described } from '../described.js';
import { Failure } from '../failure.js';
import type { Screen } from '../screen.js';
import type { Session } from '../session.js';
import { tellUnlooked, timeLimitOf, TIME_UP_EXIT, withTimeout, type Timed } from '../time-up.js';
import { ago, when } from '../values.js';
import { placeOf, withWhere, type Where } from '../where.js';

interface ShowOptions extends Where, Timed {
  readonly pattern?: string;
}

export function addShow(scheduled: Command, session: Session): void {
  const command = described(scheduled.command('show'), {
    summary: 'shows what is due later: its data and headers',
    examples: [['scheduled show reminder-a1', 'all that is known about it']],
    exits: `0: it worked; 1: nothing has this id, or it failed; ${TIME_UP_EXIT}`,
  });
  withTimeout(withWhere(command))
    .argument('<id>', 'as scheduled list has it: a message id, or the id of a call')
    .option('--pattern <pattern>', 'searches only there, which is faster')
    .action(async (id: string, options: ShowOptions) => {
      const { screen } = session;
      const { pattern } = options;
      const limit = timeLimitOf(options);
      const where = { limit, ...(pattern === undefined ? {} : { pattern }) };
      const found = await findScheduled(placeOf(options, screen.terminal), id, where);
      if (options.json === true) for (const entry of found) screen.jsonLine(entry);
      else for (const entry of found) show(entry, screen);
      tellUnlooked(limit, session);
      if (found.length === 0 && session.exitCode === 0) {
        throw new Failure(`nothing that is due later has the id ${id}`);
      }
    });
}

function show(entry: ScheduledEntry, screen: Screen): void {
  const { id, kind, pattern, stream, dueAt, overdueFor, headers, data, text } = entry;
  const since = overdueFor === undefined ? '' : `, ${ago(overdueFor)} ago`;
  const facts: [string, string | undefined][] = [
    ['id', id],
    ['kind', kind],
    ['pattern', pattern],
    ['stream', stream === pattern ? undefined : stream],
    ['due', `${when(dueAt)} UTC${since}`],
  ];
  for (const [name, value] of facts) {
    if (value !== undefined) screen.line(`${name.padEnd(8)} ${value}`);
  }
  for (const [name, value] of Object.entries(headers)) screen.line(`header   ${name}=${value}`);
  screen.line('data:', 'bold');
  screen.text(`${data === undefined ? (text ?? '(none)') : JSON.stringify(data, undefined, 2)}\n`);
}
