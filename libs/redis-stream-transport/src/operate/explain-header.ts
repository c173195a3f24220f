import { parseHeader } from '../protocol/header.js';
import { eventsIn } from '../protocol/pack.js';
import { readJson } from '../protocol/json.js';
import { decodeFrame } from '../protocol/frame.js';
import { isCallerId, isCallId } from '../protocol/limits.js';
import { numberOf, rawEntries, textsOf } from '../redis/answer.js';
import { run } from '../redis/operations/script.js';
import type { CallTrace, TracedEntry, TracedLetter } from './call-trace.js';
import { findHeaderScript } from './find-header.lua.js';
import { traceOf } from './explain-call.js';
import {
  letterBoxesOf,
  stepThrough,
  streamsOf,
  type FoundCall,
  type Searched,
  type WantedCall,
} from './find-calls.js';
import {
  inParts,
  inTime,
  timeOfServer,
  unlessRefused,
  withPlace,
  type Whereabouts,
} from './place.js';
import { scanKeys, type FoundKey } from './scanned-keys.js';
import { TimeLimit } from './time-limit.js';
import { tracedEntry, tracedLetter } from './traced-entries.js';
import type { ScheduledEntry } from './scheduled.js';
import { EVER, waitingEntries } from './waiting-entries.js';

/** Calls, and entries of events, that are told about at most. */
const MOST = 100;
/** Records of a reply log that are read at once, and of each log at most. */
const PAGE = 20;
const MOST_RECORDS = 2000;
/** Characters between the texts of the calls of a pack. */
const BETWEEN = ',\n';

/** A header as entries have it, such as a correlation id. */
export interface WantedHeader {
  readonly name: string;
  readonly value: string;
}

/** What Redis still knows of calls and events with a header. */
export interface HeaderTrace {
  /** The oldest first. */
  readonly calls: readonly CallTrace[];
  readonly events: readonly TracedEntry[];
  /** Events that are due later. */
  readonly scheduled: readonly ScheduledEntry[];
  /** Of events. */
  readonly deadLetters: readonly TracedLetter[];
  /** There are more than 100 of one kind. */
  readonly more: boolean;
}

/** Where a header was found: a call, or an event. */
interface Match extends FoundCall {
  readonly wanted: WantedCall | undefined;
}

/**
 * Finds calls and events by a header, so that one request can be followed across services: in all streams, in dead letters,
 * and in the headers of replies that their callers have not read yet. In small steps. Changes nothing. What was settled
 * before is gone: only logs and traces have it.
 *
 * @param options those of a client
 * @param limit how long it may look, and what it has not looked at by then; a number: milliseconds
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function explainHeader(
  options: Whereabouts | undefined,
  header: WantedHeader,
  limit: TimeLimit | number = 10_000,
): Promise<HeaderTrace> {
  const time = TimeLimit.of(limit);
  return withPlace(options, async (place) => {
    const keys = await scanKeys(place, ['s', 'dead', 'r', 'when'], time);
    const inStreams = await matchesIn(streamsOf(keys.of('s')), header, time);
    const inLetters = await matchesIn(letterBoxesOf(keys.of('dead')), header, time);
    const waiting = await waitingWith(keys.of('when'), header, time);
    const logs = keys.of('r').filter(({ name }) => isCallerId(name));
    const inReplies = await inTime(time, 'reply logs', logs, (log) => answeredIn(log, header));
    const calls = new Map<string, WantedCall>();
    const found = [...inStreams, ...inLetters, ...waiting].map(({ wanted }) => wanted);
    for (const wanted of [...found, ...inReplies.flat()]) {
      if (wanted !== undefined) calls.set(keyOf(wanted), wanted);
    }
    const traces = await inParts([...calls.values()].slice(0, MOST), (wanted) => {
      const isIt = (match: Pick<Match, 'wanted'>): boolean =>
        match.wanted !== undefined && keyOf(match.wanted) === keyOf(wanted);
      const places = {
        ...{ inStreams: inStreams.filter(isIt), inLetters: inLetters.filter(isIt) },
        scheduled: waiting.filter(isIt).map(({ entry }) => entry),
      };
      return traceOf(place, wanted, places, time);
    });
    const isEvent = ({ wanted }: Pick<Match, 'wanted'>): boolean => wanted === undefined;
    const scheduled = waiting.filter(isEvent).map(({ entry }) => entry);
    const events = inStreams.filter(isEvent);
    const letters = inLetters.filter(isEvent);
    const none = { caller: '', call: '' };
    const entries = await inParts(events.slice(0, MOST), (match) => tracedEntry(match, none));
    const dead = await inParts(letters.slice(0, MOST), tracedLetter);
    return {
      calls: traces.toSorted((one, other) => beganAt(one) - beganAt(other)),
      events: entries.filter((entry) => entry !== undefined),
      scheduled: scheduled.slice(0, MOST),
      deadLetters: dead.filter((letter) => letter !== undefined),
      more: [calls.size, events.length, scheduled.length, letters.length].some(
        (count) => count > MOST,
      ),
    };
  });
}

const keyOf = ({ caller, call }: WantedCall): string => `${caller}/${call}`;

/** The earliest that is known of a call. */
const beganAt = ({ entries, scheduled, replies, deadLetters }: CallTrace): number =>
  Math.min(
    ...entries.map(({ storedAt }) => storedAt),
    ...scheduled.map(({ dueAt }) => dueAt),
    ...replies.map(({ at }) => at),
    ...deadLetters.map(({ at }) => at),
  );

/** Calls and events with the header that are due later, in the order in which they are. */
async function waitingWith(
  keys: readonly FoundKey[],
  { name, value }: WantedHeader,
  limit: TimeLimit,
): Promise<{ readonly entry: ScheduledEntry; readonly wanted: WantedCall | undefined }[]> {
  const all = await inTime(limit, 'streams', keys, async (key) => {
    const found: ScheduledEntry[] = [];
    const now = await timeOfServer(key.shard.link);
    for await (const entry of waitingEntries(key, EVER, now, limit)) {
      if (Object.hasOwn(entry.headers, name) && entry.headers[name] === value) found.push(entry);
    }
    return found;
  });
  return all
    .flat()
    .toSorted((one, other) => one.dueAt - other.dueAt)
    .map((entry) => {
      const [caller = '', call = ''] = entry.id.split('/');
      return { entry, wanted: entry.kind === 'call' ? { caller, call } : undefined };
    });
}

function matchesIn(searched: Searched, header: WantedHeader, limit: TimeLimit): Promise<Match[]> {
  const needle = JSON.stringify(header.value).slice(1, -1);
  return stepThrough(searched, limit, async (link, step, key) => {
    const answer = await run(link, findHeaderScript, { ...step, needle });
    const [last = '', size, ...rest] = textsOf(answer, 'find-header');
    const found: Match[] = [];
    for (let i = 0; i + 4 <= rest.length; i += 4) {
      const [entry = '', line = '', members = '', headers = ''] = rest.slice(i, i + 4);
      for (const wanted of callsWith({ line, members, headers }, header)) {
        found.push({ key, entry, wanted });
      }
    }
    return { last, size: numberOf(size), found };
  });
}

interface Heads {
  readonly line: string;
  readonly members: string;
  readonly headers: string;
}

/** The calls of an entry that have the header; of events `undefined`. */
function callsWith(
  { line, members, headers }: Heads,
  header: WantedHeader,
): (WantedCall | undefined)[] {
  if (members !== '') {
    const [, , , caller = ''] = line.split(' ', 4);
    const own = headers.slice(1, -1).split(BETWEEN);
    return members
      .split(',')
      .filter((call, place) => isCallId(call) && hasHeader(own[place] ?? '', header))
      .map((call) => ({ caller, call }));
  }
  if (eventsIn(line) > 0) {
    const own = headers.slice(1, -1).split(BETWEEN);
    return own.some((text) => hasHeader(text, header)) ? [undefined] : [];
  }
  if (!hasHeader(headers, header)) return [];
  const parsed = parseHeader(line);
  if (typeof parsed === 'string') return [];
  const { caller, call } = parsed;
  return [caller === undefined || call === undefined ? undefined : { caller, call }];
}

function hasHeader(text: string, { name, value }: WantedHeader): boolean {
  const read = readJson(text);
  if (!read.ok || typeof read.value !== 'object' || read.value === null) return false;
  return Object.hasOwn(read.value, name) && (read.value as Record<string, unknown>)[name] === value;
}

/** Calls that were answered with the header, as far as their caller has not read it. */
async function answeredIn(
  { shard, name: caller }: FoundKey,
  { name, value }: WantedHeader,
): Promise<WantedCall[]> {
  const found: WantedCall[] = [];
  let from = '-';
  for (let read = 0; read < MOST_RECORDS; read += PAGE) {
    const page = [shard.keys.log(caller), from, '+', 'COUNT', String(PAGE)];
    const records = rawEntries(
      await unlessRefused(shard.link.command('xrange', page), []),
      'XRANGE',
    );
    for (const { fields } of records) {
      const frame = decodeFrame(fields[fields.indexOf('f') + 1] ?? '');
      if (typeof frame === 'string') continue;
      for (const [call, , , , , , headers] of frame.replies) {
        if (headers !== undefined && Object.hasOwn(headers, name) && headers[name] === value) {
          found.push({ caller, call });
        }
      }
    }
    const last = records.at(-1)?.id;
    if (records.length < PAGE || last === undefined) break;
    from = `(${last}`;
  }
  return found;
}
