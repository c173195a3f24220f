import type { Command } from 'commander';
import type { ScheduledFilter } from '../../operate/index.js';
import type { Timed } from '../time-up.js';
import { timeToCome, wholeNumber } from '../values.js';
import type { Where } from '../where.js';

/** Which of those that are due later are meant. */
export interface ScheduledOptions extends Where, Timed {
  readonly pattern?: string;
  readonly after?: number;
  readonly before?: number;
  readonly overdue?: boolean;
  readonly limit: number;
}

/** Gives a command the options that say which are meant. */
export function withFilter(command: Command, limit: number): Command {
  return command
    .option('--pattern <pattern>', 'those of this pattern')
    .option('--overdue', 'those that are due already, and were not added')
    .option('--after <time>', 'due then or later: in 2h, or 2026-01-31T12:00Z', timeToCome)
    .option('--before <time>', 'due before then', timeToCome)
    .option(
      '--limit <number>',
      'so many at most, what is due first; up to 10,000',
      wholeNumber,
      limit,
    );
}

/** The same for those who read them. */
export const filterOf = ({
  pattern,
  after,
  before,
  overdue,
}: ScheduledOptions): ScheduledFilter => ({
  ...(pattern === undefined ? {} : { pattern }),
  ...(after === undefined ? {} : { dueFrom: after }),
  ...(before === undefined ? {} : { dueBefore: before }),
  ...(overdue === undefined ? {} : { overdue }),
});

/** Whether anything says which are meant. */
export const isNarrowed = (options: ScheduledOptions): boolean =>
  Object.keys(filterOf(options)).length > 0;
