import { isEntryId } from '../protocol/limits.js';
import { CommandFailure } from './failure.js';

// Redis holds what anybody wrote there, and something else may stand where Redis is meant to: what a command
// answers is checked where it is read. It becomes a value, or a failure like any other of a command.

/** An answer that has another form than the command has. Nobody knows what was done. */
export function unreadable(of: string): CommandFailure {
  return new CommandFailure('lost', '', `the answer of ${of} cannot be read`);
}

export function listOf(answer: unknown, of: string): readonly unknown[] {
  if (Array.isArray(answer)) return answer as unknown[];
  throw unreadable(of);
}

/** A list of texts; what is no text is an empty one. */
export function textsOf(answer: unknown, of: string): string[] {
  return listOf(answer, of).map((item) => (typeof item === 'string' ? item : ''));
}

export function textOf(answer: unknown, of: string): string {
  if (typeof answer === 'string') return answer;
  throw unreadable(of);
}

/** A text or nothing. */
export const textOr = <T>(answer: unknown, other: T): string | T =>
  typeof answer === 'string' ? answer : other;

/** A number that a script wrote; 0 for what is none. */
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

/** Entries of a stream as commands list them: `[id, [field, value, …]]`. What is none is left out. */
export function rawEntries(answer: unknown, of: string): { id: string; fields: string[] }[] {
  const entries: { id: string; fields: string[] }[] = [];
  for (const pair of listOf(answer, of)) {
    const [id, fields] = Array.isArray(pair) ? (pair as unknown[]) : [];
    if (isEntryId(id) && Array.isArray(fields)) entries.push({ id, fields: textsOf(fields, of) });
  }
  return entries;
}
