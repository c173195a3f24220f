import type { DeadLetters, ReplayChanges } from '../../dead-letters/index.js';
import { RedisStreamsError } from '../../errors.js';
import { thrownText } from '../../thrown.js';
import type { DashboardSettings } from '../dashboard-options.js';
import { Refusal } from '../serve/refusal.js';
import { filterIn, headersIn, idsIn, neededText, numberIn, textIn, type Input } from './input.js';
import { withLetters } from './letters.js';

/** Letters that are changed at once. */
const WIDTH = 16;
/** Letters that one request changes. Those that come meanwhile are left, so it ends. */
const MOST = 10_000;
/** Refused letters that are named. */
const NAMED = 20;

/** What became of the letters that were meant. */
export interface Changed {
  readonly changed: number;
  /** No longer there. */
  readonly gone: number;
  /** Left where they are. */
  readonly refused: number;
  /** Why, of some. */
  readonly reasons: readonly { readonly id: string; readonly told: string }[];
  /** More letters fit than were changed. */
  readonly more: boolean;
}

/** Puts letters back into their streams: those with ids, or those that fit a filter. */
export function replayLetters(settings: DashboardSettings, input: Input): Promise<Changed> {
  const ids = idsIn(input);
  return withLetters(settings, neededText(input, 'service'), async (letters) => {
    if (ids !== undefined) {
      return changeEach(ids, async (id) => (await letters.replay(id)) !== undefined);
    }
    // Checked first: nothing that is meant must mean everything.
    const filter = meant(input);
    const { replayed, skipped, full, more } = await letters.replayAll(filter, {
      limit: limitIn(input),
    });
    const reasons = [
      ...(skipped > 0 ? [{ id: '', told: 'some are not whole, and need new data' }] : []),
      ...(full ? [{ id: '', told: 'a stream is full' }] : []),
    ];
    return { changed: replayed, gone: 0, refused: skipped, reasons, more };
  });
}

/** Deletes letters: those with ids, or those that fit a filter. */
export function discardLetters(settings: DashboardSettings, input: Input): Promise<Changed> {
  const ids = idsIn(input);
  return withLetters(settings, neededText(input, 'service'), async (letters) => {
    if (ids !== undefined) {
      return changeEach(ids, async (id) => {
        await letters.discard(id);
        return true;
      });
    }
    const limit = limitIn(input);
    const changed = await letters.discardAll(meant(input), { limit });
    return { changed, gone: 0, refused: 0, reasons: [], more: changed === limit };
  });
}

/** Replays one letter with other data or headers. */
export function editLetter(settings: DashboardSettings, input: Input) {
  const [service, id] = [neededText(input, 'service'), neededText(input, 'id')];
  const headers = headersIn(input);
  const changes: ReplayChanges = {
    ...('data' in input ? { data: input['data'] } : {}),
    ...(headers === undefined ? {} : { headers }),
  };
  return withLetters(settings, service, async (letters: DeadLetters) => {
    const entry = await letters.replay(id, changes);
    if (entry === undefined) throw new Refusal(404, 'there is no such dead letter any more');
    return { entry };
  });
}

function meant(input: Input) {
  if (textIn(input, 'which') !== 'all that fit') {
    throw new Refusal(400, 'say which: "ids", or "which": "all that fit" with a filter');
  }
  return filterIn(input);
}

const limitIn = (input: Input): number =>
  Math.min(MOST, Math.max(1, numberIn(input, 'limit') ?? MOST));

async function changeEach(
  ids: readonly string[],
  change: (id: string) => Promise<boolean>,
): Promise<Changed> {
  let [changed, gone, refused] = [0, 0, 0];
  const reasons: { id: string; told: string }[] = [];
  for (let i = 0; i < ids.length; i += WIDTH) {
    const part = ids.slice(i, i + WIDTH);
    const ends = await Promise.allSettled(part.map(change));
    let over = false;
    ends.forEach((end, at) => {
      if (end.status === 'fulfilled') {
        if (end.value) changed++;
        else gone++;
        return;
      }
      refused++;
      if (reasons.length < NAMED)
        reasons.push({ id: part[at] ?? '', told: thrownText(end.reason) });
      over ||= !isOfOneLetter(end.reason);
    });
    if (!over) continue;
    refused += ids.length - i - part.length;
    break;
  }
  return { changed, gone, refused, reasons, more: false };
}

/** What is wrong with one letter does not stop the others; a full stream and a lost connection do. */
const isOfOneLetter = (error: unknown): boolean =>
  RedisStreamsError.isRedisStreamsError(error) &&
  (error.code === 'INVALID_MESSAGE' || error.code === 'PAYLOAD_TOO_LARGE');
