import type { RawEntry } from '../protocol/entry.js';
import type { Keys } from '../protocol/keys.js';
import { isEntryId } from '../protocol/limits.js';
import { listOf, textOf, textsOf, wordOf } from './answer.js';
import { readAnswer, type StreamEntries } from './entries.js';
import type { Link } from './link.js';
import { run } from './script.js';
import { nestedScript, refuseUnreadScript } from './scripts/nested.lua.js';
import { CHECKED, type Answer, type CheckedAnswer, type Owner } from './settlement.js';

/** A stream in which to look for calls that were made inside handlers. */
export interface NestedIn {
  readonly stream: string;
  /** Such calls that may be read at most. */
  readonly most: number;
  /** Id up to which none is known to be; empty: begin with what was not read yet. */
  readonly mark: string;
}

export interface NestedSearch {
  readonly group: string;
  readonly consumer: string;
  /** Such calls in all. */
  readonly wanted: number;
  /** Entries that may be read with them, because they stand before them. */
  readonly others: number;
  /** Read those even where no such call is reached. */
  readonly force: boolean;
  readonly streams: readonly NestedIn[];
}

export interface NestedFound {
  readonly read: StreamEntries[];
  /** Per stream: the next mark, and whether the entry behind it is one that stands too far back. */
  readonly marks: { readonly mark: string; readonly isFar: boolean }[];
}

/** Reads up to calls that were made inside handlers, in one step with finding them. */
export async function readNested(
  link: Link,
  keys: Keys,
  { group, consumer, wanted, others, force, streams }: NestedSearch,
): Promise<NestedFound> {
  const args = [group, consumer, String(wanted), String(others), force ? '1' : '0'];
  for (const { most, mark } of streams) args.push(String(most), mark);
  const names = streams.map(({ stream }) => keys.stream(stream));
  const [read, marks] = listOf(await run(link, nestedScript, names, args), 'nested');
  const texts = textsOf(marks, 'nested');
  return {
    read: readAnswer(read),
    // A mark that cannot be read: begin anew.
    marks: streams.map((_, i) => {
      const text = texts[i] ?? '';
      const mark = text.replace('!', '');
      return isEntryId(mark) ? { mark, isFar: text.startsWith('!') } : { mark: '', isFar: false };
    }),
  };
}

/** The entry behind an id; undefined where there is none. */
export async function entryAfter(
  link: Link,
  keys: Keys,
  stream: string,
  id: string,
): Promise<RawEntry | undefined> {
  const key = keys.stream(stream);
  const entries = await link.command('xrange', [key, `(${id}`, '+', 'COUNT', '1']);
  return readAnswer([[key, entries]])[0]?.entries[0];
}

/** A request that no group was given yet. */
export interface Unread {
  readonly group: string;
  readonly stream: string;
  readonly id: string;
  readonly answer: Answer;
}

/** Ends it, and tells its caller. */
export async function refuseUnread(
  link: Link,
  keys: Keys,
  owner: Owner,
  { group, stream, id, answer }: Unread,
): Promise<CheckedAnswer> {
  const names = [keys.lease(owner.consumer), keys.stream(stream), keys.log(answer.caller)];
  const args = [owner.token, group, id, answer.frame, String(answer.ttlMs)];
  const text = textOf(await run(link, refuseUnreadScript, names, args), 'refuse-unread');
  return wordOf(text, CHECKED, 'refuse-unread');
}
