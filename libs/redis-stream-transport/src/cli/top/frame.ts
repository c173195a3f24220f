import { ago, when } from '../values.js';
import { howFar } from '../time-up.js';
import { noticeLines, sectionLines, serverLines, type Line, type Looks } from './sections.js';
import type { View } from './view.js';

/** What a frame shows besides looks. */
export interface FrameState {
  readonly looks: Looks;
  readonly view: View;
  /** Milliseconds from look to look. */
  readonly interval: number;
  /** Why the last look failed; '': it did not. */
  readonly trouble: string;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const KEYS = 'q quit  s sort  r reverse  / filter  1 2 3 sections  space hold  ? help';
const HELP = [
  's, S        sort by the next, the previous column; r: the other way round',
  '/           filter by a part of a name: return takes it, escape clears it',
  '1, 2, 3     patterns, instances, callers first; tab: the next of them',
  'up, down    scroll; also page up, page down, home, end',
  'space       hold what is shown, and go on',
  'q, ctrl+c   quit',
  '',
  'unread      entries that were handed to nobody yet; pending: that instances hold',
  'retries     of these, those that wait for another attempt',
  'later       entries that are due later, and are in no stream yet',
  'p50, p99    how long handlers ran: half of them, and all but one in a hundred',
  'errors      of the handler, of the transport, dead letters; which part of all',
];

/**
 * The lines of the screen: what stands at the top, as much of the sections as there is room for, and a line with keys. As many
 * as the screen has at most.
 */
export function frame(state: FrameState, { columns, rows }: Size): Line[] {
  const { looks, view } = state;
  const top = [headLine(state), ...serverLines(looks.now), ...noticeLines(looks.now, view)];
  if (state.trouble !== '') top.push({ text: state.trouble, colour: 'red' });
  const { limit } = looks.now;
  if (limit.unlooked.length > 0) top.push({ text: howFar(limit), colour: 'yellow' });
  // Something of the sections is shown even if there is much to say above.
  const kept = [...top.slice(0, Math.max(1, rows - 6)), { text: '' }];
  const body = view.isHelp ? HELP.map((text) => ({ text })) : sectionLines(looks, view, columns);
  const room = Math.max(1, rows - kept.length - 1);
  view.scrolled = Math.min(view.scrolled, Math.max(0, body.length - room));
  const shown = body.slice(view.scrolled, view.scrolled + room);
  const blank = Array.from({ length: Math.max(0, room - shown.length) }, () => ({ text: '' }));
  const below = body.length - view.scrolled - shown.length;
  const foot: Line = { text: footText(view, below), colour: 'dim' };
  return [...kept, ...shown, ...blank, foot].slice(0, rows);
}

function headLine({ looks: { now, since }, view, interval }: FrameState): Line {
  const over = since === undefined ? 'since the start' : `of ${ago(now.at - since.at)}`;
  const filter = view.filter === '' ? '' : `, filter "${view.filter}"`;
  const sort = `${view.sort}${view.isReversed ? ' reversed' : ''}`;
  const held = view.isHeld ? ', held' : '';
  const time = when(now.wallTime).slice(11);
  return {
    text: `${time} UTC, every ${ago(interval)}${held}; sort ${sort}${filter}; times and errors ${over}`,
    colour: 'bold',
  };
}

function footText({ typed }: View, below: number): string {
  if (typed !== undefined) return `filter: ${typed}_`;
  return below > 0 ? `${below} more below  ${KEYS}` : KEYS;
}
