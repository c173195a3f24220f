import { isCallerId, MAX_TIMEOUT } from './limits.js';

/** How much of a stream may be on its way: what was sent, and the reader has not taken. */
export interface WindowSize {
  /** How many values. */
  readonly values: number;
  /** How long their replies may be together, in characters. The value that crosses this bound is sent. */
  readonly characters: number;
}

/** Most values of a window, and most characters, that a header line can ask for. */
export const MAX_WINDOW = { values: 1_000_000, characters: 67_108_864 } as const;

/** The flag `window=…` of a header line, without its name. */
export function windowText({ values, characters }: WindowSize): string {
  return `${values},${characters}`;
}

/** Reads that flag. Anything else than two decimal numbers from 1 on is none: the stream does not wait. */
export function parseWindow(text: string): WindowSize | undefined {
  const match = /^([1-9]\d{0,9}),([1-9]\d{0,9})$/.exec(text);
  if (match === null) return undefined;
  const [, values, characters] = match;
  return {
    values: Math.min(MAX_WINDOW.values, Number(values)),
    characters: Math.min(MAX_WINDOW.characters, Number(characters)),
  };
}

/**
 * What a caller says about one stream. Both numbers only grow, so a notice that is lost, repeated or late does no harm:
 * the highest counts.
 */
export interface Credit {
  /** The run, as replies name it. */
  readonly nonce: number;
  /** The replies up to this index, without it, may be sent. */
  readonly asked: number;
  /** The replies up to this index, without it, were taken by the reader. */
  readonly taken: number;
}

/** What a caller says to one instance about its streams there. */
export interface CreditNotice {
  readonly caller: string;
  readonly runs: readonly Credit[];
}

/** Streams that one notice is about, at most. */
export const MAX_CREDITS = 500;

const BEGIN = '{"credit":';

/** Whether a message is meant to be a notice of credit. Instances that know nothing of these ignore it. */
export const isCredit = (text: string): boolean => text.startsWith(BEGIN);

/** `{"credit":"<caller>","runs":[[nonce,asked,taken],…]}` */
export function creditText({ caller, runs }: CreditNotice): string {
  const each = runs.map(({ nonce, asked, taken }) => `[${nonce},${asked},${taken}]`);
  return `${BEGIN}"${caller}","runs":[${each.join(',')}]}`;
}

/** Reads a notice. Undefined if it is none; what is not as expected in it is left out. */
export function parseCredit(text: string): CreditNotice | undefined {
  // A notice of so many streams is shorter.
  if (text.length > MAX_CREDITS * 60) return undefined;
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof read !== 'object' || read === null) return undefined;
  const { credit: caller, runs } = read as { credit?: unknown; runs?: unknown };
  if (typeof caller !== 'string' || !isCallerId(caller) || !Array.isArray(runs)) return undefined;
  return { caller, runs: (runs as unknown[]).flatMap(creditOf) };
}

function creditOf(run: unknown): Credit[] {
  if (!Array.isArray(run)) return [];
  const [nonce, asked, taken] = run as unknown[];
  return isCount(nonce) && isCount(asked) && isCount(taken) ? [{ nonce, asked, taken }] : [];
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** Milliseconds from one sign of life to the next: three within the idle time of a stream, one a second at least. */
export function signEvery(idle: number): number {
  const third = Math.ceil(Math.min(idle === 0 ? MAX_TIMEOUT : idle, MAX_TIMEOUT) / 3);
  return Math.max(10, Math.min(1000, third));
}
