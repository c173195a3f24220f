import { readAnswer, type StreamEntries } from '../../entries.js';
import type { Link } from '../../link.js';
import { LUA_DELIVERED } from '../../lua/delivered.js';
import { LUA_IDS } from '../../lua/ids.js';
import { LUA_NOW } from '../../lua/time.js';
import type { GroupPlace } from '../place.js';
import { LUA_FOLLOWING } from '../following.js';
import { defineScript, run } from '../script.js';

/** An entry that nobody else takes. */
export interface WaitingRequest {
  readonly consumer: string;
  /** The first of them that has such an entry is read. */
  readonly streams: readonly string[];
  /** Milliseconds for which it has waited at least. */
  readonly age: number;
}

/**
 * Reads one entry that has waited for so many milliseconds, of the first stream that has one. What came since then is left to
 * instances that wait for it (rule P17). An entry whose id is ahead of the clock counts as one that has waited: the
 * clock was set back.
 *
 * Answers as XREADGROUP does; an empty list: there is no such entry.
 */
export const readWaitingScript = defineScript({
  name: 'read-waiting',
  keys: [],
  args: ['group', 'consumer', 'age'],
  each: { name: 'streams', keys: ['stream'], args: [] },
  flags: 'allow-oom',
  lua: `
${LUA_NOW}${LUA_IDS}${LUA_DELIVERED}${LUA_FOLLOWING}
for _, one in ipairs(streams) do
  local last = delivered(one.stream, group)
  local first = last and following(one.stream, last, '+', 1)[1]
  local waited = first and now - split(first[1])
  if waited and (waited < 0 or waited >= tonumber(age)) then
    return redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS', one.stream, '>') or {}
  end
end
return {}
`,
});

/** Reads one entry that waits although consumers with more room would have had it. */
export async function readWaiting(
  { keys, group }: GroupPlace,
  reader: Link,
  { consumer, streams, age }: WaitingRequest,
): Promise<StreamEntries[]> {
  const named = streams.map((stream) => ({ stream: keys.stream(stream) }));
  return readAnswer(await run(reader, readWaitingScript, { group, consumer, age, streams: named }));
}
