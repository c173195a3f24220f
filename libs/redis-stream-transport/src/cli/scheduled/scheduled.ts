import type { Command } from 'commander';
import { described } from '../described.js';
import type { Session } from '../session.js';
import { addCancel } from './cancel.js';
import { addList } from './list.js';
import { addShow } from './show.js';

/** Events and calls that are due later: to look at, to take back. */
export function addScheduled(program: Command, session: Session): void {
  const scheduled = described(program.command('scheduled'), {
    summary: 'events and calls that are due later: lists, shows, cancels them',
    examples: [
      ['scheduled list --overdue', 'what should have been added by now?'],
      ['scheduled cancel reminder-a1', 'takes one of them back'],
    ],
  });
  for (const add of [addList, addShow, addCancel]) add(scheduled, session);
}
