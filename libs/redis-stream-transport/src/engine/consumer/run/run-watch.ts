import type { RedisStreamsErrorCode } from '../../../errors.js';
import type { EntryResult } from '../../diagnostics/messages.js';

/** Is told what becomes of one run of an entry; a delivery that nobody traces has none. Its methods never throw. */
export interface RunWatch {
  /** Headers of all replies, beside those that the handler sets. */
  readonly replyHeaders: Readonly<Record<string, string>>;
  /** Names the first attempt; further ones are given it. It has no spaces and no commas. */
  readonly origin: string;
  /** A handler threw this; the end follows. */
  threw(error: unknown): void;
  /** It becomes a dead letter; the end follows. */
  dead(reason: string, detail: string): void;
  /** Told once. */
  ended(result: EntryResult, code: RedisStreamsErrorCode | undefined): void;
}

/**
 * Before the origin in the state of an attempt. The other parts of a state are numbers, and releases that do not know
 * this part take it for the number of a handler that there is not.
 */
const ORIGIN = 't';

/** The state for the next attempt: what the handlers noted, and which attempt was the first. */
export function stateFrom(watch: RunWatch | undefined, state: string): string {
  if (watch === undefined || watch.origin === '') return state;
  return `${state}${state === '' ? '' : ','}${ORIGIN}${watch.origin}`;
}

/** Which attempt was the first, if the state of this one says so. */
export function originIn(state: string): string | undefined {
  if (!state.includes(ORIGIN)) return undefined;
  const part = state.split(',').find((one) => one.startsWith(ORIGIN));
  return part?.slice(ORIGIN.length);
}
