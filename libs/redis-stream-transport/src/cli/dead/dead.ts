import type { Command } from 'commander';
import { described } from '../described.js';
import type { Session } from '../session.js';
import { addDiscard, addReplay } from './change.js';
import { addEdit } from './edit.js';
import { addList } from './list.js';
import { addShow } from './show.js';

/** Dead letters: to look at, to put back, to discard. */
export function addDead(program: Command, session: Session): void {
  const dead = described(program.command('dead'), {
    summary: 'dead letters: lists, shows, replays, edits, discards them',
    examples: [
      ['dead list --summary', 'how many, of which pattern, for which reason'],
      ['dead show 1763640000000-0', 'one of them, with its stack'],
    ],
  });
  for (const add of [addList, addShow, addReplay, addEdit, addDiscard]) add(dead, session);
}
