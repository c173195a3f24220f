import type { Keys } from '../../../protocol/keys.js';
import { isEntryId } from '../../../protocol/limits.js';
import { listOf, textsOf } from '../../answer.js';
import { readAnswer, type StreamEntries } from '../../entries.js';
import { LUA_DELIVERED } from '../../lua/delivered.js';
import { LUA_IDS } from '../../lua/ids.js';
import type { Link } from '../../link.js';
import { LUA_FOLLOWING } from '../following.js';
import { defineScript, run } from '../script.js';

/** How many entries one script looks at, in all streams together. */
const LOOKED_AT = 1000;
/** How many characters of them. */
const LENGTH = 8_388_608;
/** How many are fetched at once. */
const PAGE = 20;

/** A stream in which to look for calls that were made inside handlers. */
export interface NestedIn {
  readonly stream: string;
  /** How many such calls may be read at most. */
  readonly most: number;
  /**
   * Id up to which there is no such call, as is known; empty: nothing is known, so begin with what was not read yet.
   */
  readonly mark: string;
}

export interface NestedSearch {
  readonly group: string;
  readonly consumer: string;
  /** How many such calls may be read, in all streams together. */
  readonly wanted: number;
  /** How many other entries may be read because they stand before such calls. */
  readonly others: number;
  /** Read these even if they reach no such call. */
  readonly force: boolean;
  readonly streams: readonly NestedIn[];
}

export interface NestedFound {
  readonly read: StreamEntries[];
  /** For each stream the next mark, and whether the entry after it is such a call that stands too far back. */
  readonly marks: { readonly mark: string; readonly isFar: boolean }[];
}

/**
 * Looks for calls that were made inside handlers among the entries that no consumer was given yet, and reads up to
 * them. It does not read streams without such calls, nor up to a call with more entries before it than permitted.
 *
 * Answers { answers of XREADGROUP, marks }, with a mark for each stream: the id up to which there is no such call
 * (empty: begin anew), with a `!` before it if the next entry is such a call that stands too far back.
 */
export const nestedScript = defineScript({
  name: 'nested',
  keys: [],
  args: ['group', 'consumer', 'wanted', 'others', 'force'],
  each: { name: 'streams', keys: ['stream'], args: ['most', 'mark'] },
  flags: 'allow-oom',
  lua: `
${LUA_IDS}${LUA_DELIVERED}${LUA_FOLLOWING}
wanted, others = tonumber(wanted), tonumber(others)
local entries, length = ${LOOKED_AT}, ${LENGTH}
local function nested(fields)
  local found = false
  for i = 1, #fields, 2 do
    length = length - #fields[i + 1]
    if fields[i] == 'c' then found = found or string.find(fields[i + 1], ' depth=', 1, true) ~= nil end
  end
  return found
end
-- How many entries there are after one id and up to another. It counts no further than needed.
local function between(stream, from, upTo, most)
  local n, page = 0, nil
  repeat
    page = following(stream, from, upTo, ${PAGE})
    n = n + #page
    if #page > 0 then from = page[#page][1] end
  until #page < ${PAGE} or n > most
  return n
end
local function search(stream, from, most)
  local found, last, clean, page = 0, nil, from, nil
  repeat
    page = following(stream, from, '+', ${PAGE})
    for _, entry in ipairs(page) do
      from = entry[1]
      entries = entries - 1
      if nested(entry[2]) then
        found, last = found + 1, from
      elseif found == 0 then
        clean = from
      end
      if found == most or entries <= 0 or length <= 0 then return found, last, clean end
    end
  until #page < ${PAGE}
  return found, last, clean
end
local reads, marks = {}, {}
for i, wish in ipairs(streams) do
  local stream, most, mark = wish.stream, math.min(wanted, tonumber(wish.most)), wish.mark
  local start = most > 0 and entries > 0 and length > 0 and delivered(stream, group)
  if start then
    local from = start
    if mark ~= '' and before(start, mark) then from = mark end
    local found, last, clean = search(stream, from, most)
    mark = clean
    if found > 0 then
      local n = between(stream, start, last, others + found)
      local far = n > others + found
      if far and found > 1 then
        -- Perhaps the first of them is near enough.
        found, n = 1, between(stream, start, clean, others) + 1
        far = n > others + 1
      end
      if far then mark = '!' .. clean end
      if not far or force == '1' then
        local count = far and others or n
        local read = count > 0 and redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', count, 'STREAMS', stream, '>')
        if read then reads[#reads + 1] = read[1] end
        if not far then
          mark = ''
          wanted = wanted - found
          others = others - (n - found)
        else
          others = 0
        end
      end
    end
  end
  marks[i] = mark
end
return { reads, marks }
`,
});

/** Finds calls that were made inside handlers and reads up to them, in one step. */
export async function readNested(
  link: Link,
  keys: Keys,
  { streams, ...search }: NestedSearch,
): Promise<NestedFound> {
  const answer = await run(link, nestedScript, {
    ...search,
    streams: streams.map(({ stream, most, mark }) => ({ stream: keys.stream(stream), most, mark })),
  });
  const [read, marks] = listOf(answer, 'nested');
  const texts = textsOf(marks, 'nested');
  return {
    read: readAnswer(read),
    // With a mark that cannot be read the search begins anew.
    marks: streams.map((_, i) => {
      const text = texts[i] ?? '';
      const mark = text.replace('!', '');
      return isEntryId(mark) ? { mark, isFar: text.startsWith('!') } : { mark: '', isFar: false };
    }),
  };
}
