import { readFile } from 'node:fs/promises';
import { readJson } from '../protocol/json.js';
import { Failure } from './failure.js';
import type { Terminal } from './terminal.js';

/** What the help says about such an argument. */
export const DATA = 'JSON, @FILE with JSON, or - for standard input';

/**
 * Data that was given as JSON, as `@file`, or as `-`, for standard input; undefined if nothing was.
 * @throws Failure if it is no JSON; errors of the file
 */
export async function givenData(
  argument: string | undefined,
  terminal: Terminal,
): Promise<unknown> {
  if (argument === undefined) return undefined;
  const text = await textOf(argument, terminal);
  const found = readJson(text);
  if (found.ok) return found.value;
  const advice = argument.startsWith('@') || argument === '-' ? '' : '; quote texts: \'"text"\'';
  throw new Failure(`the data cannot be read: ${found.reason}${advice}`, 2);
}

async function textOf(argument: string, terminal: Terminal): Promise<string> {
  if (argument.startsWith('@')) return readFile(argument.slice(1), 'utf8');
  if (argument !== '-') return argument;
  const text = terminal.read?.();
  if (text === undefined) throw new Failure('there is no standard input', 2);
  return text;
}
