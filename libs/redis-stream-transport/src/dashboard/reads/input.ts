import type { DeadLetterFilter, DeadLetterReason } from '../../dead-letters/index.js';
import { Refusal } from '../serve/refusal.js';

/** What a request gives: a query, or the members of a JSON object. */
export type Input = Readonly<Record<string, unknown>>;

/** Characters of a text that is given, at most. */
const LONGEST = 1024;

/** @returns undefined if it was not given, or is empty. @throws Refusal */
export function textIn(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' && value.length <= LONGEST) return value;
  throw new Refusal(400, `"${name}" must be a text of at most ${LONGEST} characters`);
}

/** @throws Refusal */
export function neededText(input: Input, name: string): string {
  const value = textIn(input, name);
  if (value === undefined) throw new Refusal(400, `"${name}" is missing`);
  return value;
}

/** A number, or a text that is one. @throws Refusal */
export function numberIn(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null || value === '') return undefined;
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Refusal(400, `"${name}" must be a whole number`);
}

/** Ids of letters, a thousand at most. @throws Refusal */
export function idsIn(input: Input): string[] | undefined {
  const { ids } = input;
  if (ids === undefined) return undefined;
  const isId = (id: unknown): id is string =>
    typeof id === 'string' && /^(?:\d{1,3}\/)?\d{1,20}-\d{1,20}$/.test(id);
  if (Array.isArray(ids) && ids.length > 0 && ids.length <= 1000 && ids.every(isId)) return ids;
  throw new Refusal(400, '"ids" must be a list of 1 to 1000 ids of dead letters');
}

/** Which letters are meant, all of them where nothing says so. @throws Refusal */
export function filterIn(input: Input): DeadLetterFilter {
  const [pattern, reason] = [textIn(input, 'pattern'), textIn(input, 'reason')];
  const [since, until] = [numberIn(input, 'since'), numberIn(input, 'until')];
  return {
    ...(pattern === undefined ? {} : { pattern }),
    ...(reason === undefined ? {} : { reason: reason as DeadLetterReason }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
}

/** New headers: texts by name. @throws Refusal */
export function headersIn(input: Input): Record<string, string> | undefined {
  const { headers } = input;
  if (headers === undefined) return undefined;
  const isText = (value: unknown): boolean => typeof value === 'string';
  if (typeof headers === 'object' && headers !== null && Object.values(headers).every(isText)) {
    return headers as Record<string, string>;
  }
  throw new Refusal(400, '"headers" must be an object whose values are texts');
}
