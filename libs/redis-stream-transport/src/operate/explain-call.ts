import { RedisStreamsError } from '../errors.js';
import { isCallerId, isCallId } from '../protocol/limits.js';
import { streamsOf as streamsOfPattern } from '../protocol/priority.js';
import { listOf, numberOf } from '../redis/answer.js';
import type { CallTrace, TracedEntry } from './call-trace.js';
import {
  findCalls,
  letterBoxesOf,
  streamsOf,
  type FoundCall,
  type WantedCall,
} from './find-calls.js';
import { TimeLimit } from './time-limit.js';
import { callIdOf } from '../protocol/header.js';
import { inParts, withPlace, type Place, type Whereabouts } from './place.js';
import { waitingCall } from './read-scheduled.js';
import { scanKeys, type FoundKey } from './scanned-keys.js';
import type { ScheduledEntry } from './scheduled.js';
import { repliesTo } from './traced-replies.js';
import { tracedEntry, tracedLetter } from './traced-entries.js';

export interface ExplainOptions {
  /** Looks only at streams of this pattern, or lane. */
  readonly pattern?: string;
  /** How long entries are searched; a number: milliseconds. Default: 10,000. */
  readonly limit?: TimeLimit | number;
}

/**
 * Says what Redis still knows of a call: where it is stored, who has it, its attempts, its end. Searches all streams and
 * dead letters, in small steps. Changes nothing.
 *
 * @param call `<caller>/<call>`, as logs, errors and `getCallId()` have it
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function explainCall(
  options: Whereabouts | undefined,
  call: string,
  { pattern, limit = 10_000 }: ExplainOptions = {},
): Promise<CallTrace> {
  const [caller = '', number = '', ...rest] = call.split('/');
  if (!isCallerId(caller) || !isCallId(number) || rest.length > 0) {
    const told = `"${call.slice(0, 100)}" is no call: it is <caller>/<call>, as logs and errors have it`;
    throw new RedisStreamsError('INVALID_OPTION', told);
  }
  const wanted = { caller, call: number };
  return withPlace(options, async (place) => {
    const time = TimeLimit.of(limit);
    const keys = await scanKeys(place, ['s', 'dead', 'when'], time);
    const meant = pattern === undefined ? [] : streamsOfPattern(pattern, place.shards.length);
    const isMeant = ({ name }: FoundKey): boolean => pattern === undefined || meant.includes(name);
    const streams = keys.of('s').filter(isMeant);
    const found = {
      inStreams: await findCalls(streamsOf(streams), wanted, time),
      inLetters: await findCalls(letterBoxesOf(keys.of('dead')), wanted, time),
      scheduled: await waitingCall(keys.of('when').filter(isMeant), call, time),
    };
    return traceOf(place, wanted, found, time);
  });
}

/** Where a call was found. */
export interface FoundPlaces {
  readonly inStreams: readonly FoundCall[];
  readonly inLetters: readonly FoundCall[];
  readonly scheduled: readonly ScheduledEntry[];
}

/** Says what is known of a call where it was found. */
export async function traceOf(
  place: Place,
  wanted: WantedCall,
  { inStreams, inLetters, scheduled }: FoundPlaces,
  limit: TimeLimit,
): Promise<CallTrace> {
  const entries = await inParts(inStreams, (found) => tracedEntry(found, wanted));
  const letters = await inParts(inLetters, tracedLetter);
  const traced = {
    call: callIdOf(wanted.caller, wanted.call),
    entries: entries.filter((entry) => entry !== undefined),
    scheduled,
    replies: await repliesTo(place, wanted),
    deadLetters: letters.filter((letter) => letter !== undefined),
    ...(await callerOf(place, wanted)),
  };
  return { ...traced, unknown: unknownOf(traced, limit) };
}

async function callerOf({ shards }: Place, { caller }: WantedCall) {
  const seen = await inParts(shards, async ({ link, keys }) => {
    const log = keys.log(caller);
    const listeners = listOf(await link.command('pubsub', ['SHARDNUMSUB', log]), 'PUBSUB');
    return {
      listens: numberOf(listeners[1]) > 0,
      known: numberOf(await link.command('exists', [keys.caller(caller)])) > 0,
    };
  });
  return {
    callerListens: seen.some(({ listens }) => listens),
    callerKnown: seen.some(({ known }) => known),
  };
}

function unknownOf(
  { entries, scheduled, replies, deadLetters, callerKnown }: Omit<CallTrace, 'unknown'>,
  limit: TimeLimit,
): string[] {
  const said: string[] = [];
  const far = limit.text;
  if (far !== '')
    said.push(`Time was up before everything had been searched (${far}): name its pattern.`);
  const ended = replies.some(({ kind }) => kind !== 'value' && kind !== 'restart');
  if (entries.length + scheduled.length + deadLetters.length === 0) {
    said.push(
      ended
        ? 'Its entry went when it was settled: when it was stored, and attempts before the last, are in logs only.'
        : 'No entry and no dead letter has it: it was settled, or its caller gave it up, or it was never stored here.',
    );
    if (!ended) {
      said.push(
        'What it was answered with is gone: callers remove replies that they have read, and the log lives a minute or so.',
      );
    }
  }
  if (entries.some(isHeld)) {
    said.push('Whether the handler runs or waits for a slot is known to that instance only.');
  }
  if (!callerKnown) said.push('The caller has sent nothing for ten minutes, or never here.');
  return said;
}

const isHeld = ({ groups }: TracedEntry): boolean => groups.some(({ state }) => state === 'held');
