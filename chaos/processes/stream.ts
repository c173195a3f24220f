// What a streamed reply of the fleet is, and what its reader must see.
import { pause } from '../../tools/wait.js';
import { now } from '../kit/time.js';

/** One value of a stream. */
export interface StreamedValue {
  /** Its place in the stream, from 0. */
  readonly i: number;
  /** When the service gave it. */
  readonly at: number;
  readonly by: string;
  readonly answer: string;
}

/** Values that may be on their way. */
export const WINDOW = 8;
/** Milliseconds that a reader takes for a value. */
const EACH = 2;

/**
 * Reads a stream more slowly than it could come. It may begin anew, from its first value, where another instance takes
 * over. Each run gives all values in order, and none before the reader has taken the one that is a window before it.
 *
 * @returns the last value, or what is wrong
 */
export async function readStream(
  stream: AsyncIterable<StreamedValue>,
  count: number,
): Promise<StreamedValue | string> {
  let taken: number[] = [];
  let last: StreamedValue | undefined;
  let wrong: string | undefined;
  for await (const value of stream) {
    if (value.i === 0) taken = [];
    const early = (taken[value.i - WINDOW] ?? 0) - value.at;
    if (value.i !== taken.length) wrong ??= `value ${value.i} in place ${taken.length}`;
    if (early > 0) wrong ??= `value ${value.i} was given ${early} ms too early`;
    taken.push(now());
    last = value;
    await pause(EACH);
  }
  if (taken.length !== count) wrong ??= `${taken.length} of ${count} values`;
  return wrong ?? (last as StreamedValue);
}
