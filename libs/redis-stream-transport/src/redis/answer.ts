import { isEntryId } from '../protocol/limits.js';
import { CommandFailure } from './failure.js';

// Other programs may have written into Redis, and the server may not even be Redis. So every answer is checked where it
// is read. It becomes a value, or a failure like any other failure of a command.

/** The failure for an answer of the wrong form. It does not tell what the command did. */
export function unreadable(of: string): CommandFailure {
  return new CommandFailure('lost', '', `the answer of ${of} cannot be read`);
}

export function listOf(answer: unknown, of: string): readonly unknown[] {
  if (Array.isArray(answer)) return answer as unknown[];
  throw unreadable(of);
}

/** A list of texts. An item that is no text becomes an empty one. */
export function textsOf(answer: unknown, of: string): string[] {
  return listOf(answer, of).map((item) => (typeof item === 'string' ? item : ''));
}

export function textOf(answer: unknown, of: string): string {
  if (typeof answer === 'string') return answer;
  throw unreadable(of);
}

/** The answer if it is a text, otherwise `other`. */
export const textOr = <T>(answer: unknown, other: T): string | T =>
  typeof answer === 'string' ? answer : other;

/** A number that a script wrote; 0 if it is none. */
export function numberOf(text: unknown): number {
  const number = typeof text === 'string' || typeof text === 'number' ? Number(text) : 0;
  return Number.isFinite(number) ? number : 0;
}

/** One of the words that an operation answers with. */
export function wordOf<T extends string>(answer: unknown, words: readonly T[], of: string): T {
  const word = words.find((known) => known === answer);
  if (word === undefined) throw unreadable(of);
  return word;
}

/** Entries of a stream, as commands list them: `[id, [field, value, …]]`. Items of another form are left out. */
export function rawEntries(answer: unknown, of: string): { id: string; fields: string[] }[] {
  const entries: { id: string; fields: string[] }[] = [];
  for (const pair of listOf(answer, of)) {
    const [id, fields] = Array.isArray(pair) ? (pair as unknown[]) : [];
    if (isEntryId(id) && Array.isArray(fields)) entries.push({ id, fields: textsOf(fields, of) });
  }
  return entries;
}
