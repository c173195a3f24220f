import type { DashboardSettings } from './dashboard-options.js';
import { discardLetters, editLetter, replayLetters } from './reads/changes.js';
import type { Input } from './reads/input.js';
import { countLetters, listLetters, showLetter } from './reads/letters.js';
import { pause, resume } from './reads/pauses.js';
import { followCall, judge, listPending } from './reads/looks.js';

/** Answers what the page asks; what it returns is sent as JSON. */
type Question = (settings: DashboardSettings, input: Input) => Promise<unknown>;

/** What the page may ask, by its path below the route. Changes nothing. */
export const QUESTIONS: ReadonlyMap<string, Question> = new Map<string, Question>([
  ['api/pending', ({ place }, input) => listPending(place, input)],
  ['api/letters/count', ({ place }) => countLetters(place)],
  ['api/letters', ({ place, hidePayloads }, input) => listLetters(place, input, hidePayloads)],
  ['api/letter', ({ place, hidePayloads }, input) => showLetter(place, input, hidePayloads)],
  ['api/call', ({ place, hidePayloads }, input) => followCall(place, input, hidePayloads)],
  ['api/findings', ({ place }) => judge(place)],
]);

/** What the page may change, unless it is read-only. */
export const CHANGES: ReadonlyMap<string, Question> = new Map<string, Question>([
  ['api/letters/replay', ({ place }, input) => replayLetters(place, input)],
  ['api/letters/discard', ({ place }, input) => discardLetters(place, input)],
  ['api/pause', ({ place }, input) => pause(place, input)],
  ['api/resume', ({ place }, input) => resume(place, input)],
  ['api/letter/edit', ({ place }, input) => editLetter(place, input)],
]);
