import type { Command } from 'commander';
import {
  findScheduled,
  readScheduled,
  withdrawScheduled,
  type ScheduledEntry,
} from '../../operate/index.js';
import type { RedisStreamsClientOptions } from '../../options/index.js';
import { confirm } from '../confirm.js';
import { described } from '../described.js';
import { Failure } from '../failure.js';
import type { Screen } from '../screen.js';
import type { Session } from '../session.js';
import { tellUnlooked, timeLimitOf, TIME_UP_EXIT, withTimeout } from '../time-up.js';
import { when } from '../values.js';
import { servedPlaceOf, withWhere } from '../where.js';
import { filterOf, isNarrowed, withFilter, type ScheduledOptions } from './filter.js';

interface CancelOptions extends ScheduledOptions {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function addCancel(scheduled: Command, session: Session): void {
  const command = described(scheduled.command('cancel'), {
    summary: 'takes back what is due later: it does not run',
    about: 'Who made a call learns of it at its deadline.',
    examples: [
      ['scheduled cancel reminder-a1', 'one of them'],
      ['scheduled cancel --pattern orders.paid --dry-run', 'which would be taken back?'],
      ['scheduled cancel --overdue --yes', 'all that should have run by now, unasked'],
    ],
    exits: `0: all of them were taken back; 1: some were not, or there are none; ${TIME_UP_EXIT}`,
  });
  withTimeout(withWhere(withFilter(command, 1000)))
    .argument('[ids...]', 'as scheduled list has them; without any, the options say which')
    .option('--all', 'where no other option says which')
    .option('--dry-run', 'changes nothing, and says what would be taken back')
    .option('--yes', 'does not ask before it takes back many')
    .action((ids: string[], options: CancelOptions) => cancel(ids, options, session));
}

async function cancel(
  ids: readonly string[],
  options: CancelOptions,
  session: Session,
): Promise<void> {
  const { screen } = session;
  const place = await servedPlaceOf(options, screen.terminal);
  const limit = timeLimitOf(options);
  const meant: ScheduledEntry[] = [];
  if (ids.length === 0) {
    if (!isNarrowed(options) && options.all !== true)
      throw new Failure('say which: ids, a filter, or --all', 2);
    const page = await readScheduled(place, filterOf(options), options.limit, limit);
    meant.push(...page.entries);
    if (page.more) screen.note(`there are more (--limit ${options.limit})`);
  } else {
    const { pattern } = options;
    const where = { limit, ...(pattern === undefined ? {} : { pattern }) };
    for (const id of ids) meant.push(...(await findScheduled(place, id, where)));
  }
  tellUnlooked(limit, session);
  const isDone = await takeBack(meant, options, place, screen);
  const missing = new Set(ids).size > new Set(meant.map(({ id }) => id)).size;
  if (!isDone || missing) session.exitCode = 1;
}

/** @returns whether all of them were taken back, or would be */
async function takeBack(
  meant: readonly ScheduledEntry[],
  { dryRun, yes, json }: CancelOptions,
  place: RedisStreamsClientOptions,
  screen: Screen,
): Promise<boolean> {
  const tell = (facts: Record<string, unknown>, line: string): void =>
    json === true ? screen.json(facts) : screen.line(line);
  if (meant.length === 0) {
    tell({ cancelled: 0 }, 'nothing that fits is due later');
    return false;
  }
  if (dryRun === true) {
    const entries = meant.map(({ id, pattern, dueAt }) => ({ id, pattern, dueAt }));
    tell({ dryRun: true, entries }, `${meant.length} would be taken back:`);
    if (json !== true)
      for (const { id, pattern, dueAt } of entries) screen.line(`${when(dueAt)} ${pattern} ${id}`);
    return true;
  }
  if (meant.length > 1)
    await confirm(screen, `${meant.length} entries will be taken back.`, yes === true);
  const done = await withdrawScheduled(place, meant);
  const cancelled = done.filter(Boolean).length;
  const gone = done.length - cancelled;
  const rest = gone === 0 ? '' : `; due or taken back meanwhile: ${gone}`;
  tell({ cancelled, gone }, `taken back: ${cancelled}${rest}`);
  return gone === 0;
}
