import type { DashboardSettings } from './dashboard-options.js';
import { discardLetters, editLetter, replayLetters } from './reads/changes.js';
import type { Input } from './reads/input.js';
import { countLetters, listLetters, showLetter } from './reads/letters.js';
import { pause, resume } from './reads/pauses.js';
import { followCall, followHeader, judge, listPending, listSenders } from './reads/looks.js';

/** Answers what the page asks; what it returns is sent as JSON. */
type Question = (settings: DashboardSettings, input: Input) => Promise<unknown>;

/** What the page may ask, by its path below the route. Changes nothing. */
export const QUESTIONS: ReadonlyMap<string, Question> = new Map<string, Question>([
  ['api/pending', ({ kept }, input) => listPending(kept, input)],
  ['api/senders', ({ kept }, input) => listSenders(kept, input)],
  ['api/letters/count', countLetters],
  ['api/letters', listLetters],
  ['api/letter', showLetter],
  ['api/call', followCall],
  ['api/header', followHeader],
  ['api/findings', ({ kept }) => judge(kept)],
]);

/** What the page may change, unless it is read-only. */
export const CHANGES: ReadonlyMap<string, Question> = new Map<string, Question>([
  ['api/letters/replay', replayLetters],
  ['api/letters/discard', discardLetters],
  ['api/pause', ({ kept }, input) => pause(kept, input)],
  ['api/resume', ({ kept }, input) => resume(kept, input)],
  ['api/letter/edit', editLetter],
]);
