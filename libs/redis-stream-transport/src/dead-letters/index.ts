export {
  DeadLetters,
  type DeadLetterPage,
  type DeadLettersOptions,
  type ReplaySummary,
} from './dead-letters.js';
export type { DeadLetterEntry, DeadLetterReason } from './letter.js';
export type { DeadLetterFilter } from './selection.js';
export type { ReplayChanges } from './replay-fields.js';
