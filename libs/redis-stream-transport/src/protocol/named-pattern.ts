import { MAX_PATTERN_LENGTH } from './limits.js';

/** What is wrong with the pattern that an entry names; undefined: nothing, or it names none. */
export function wrongPattern(text: string | undefined): string | undefined {
  if (text === undefined || (text !== '' && text.length <= MAX_PATTERN_LENGTH)) return undefined;
  return `a pattern has 1 to ${MAX_PATTERN_LENGTH} characters`;
}
