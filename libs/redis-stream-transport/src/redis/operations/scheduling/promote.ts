import { listOf, numberOf, textOr } from '../../answer.js';
import { LUA_NOW } from '../../lua/time.js';
import type { ShardPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Strings that the field list of an entry may have. */
const MOST_STRINGS = 64;

/**
 * Adds to their streams what is due: an entry leaves `later` in the step that adds it, so each is added once, whoever asks
 * and how often. What cannot be read becomes an entry that cannot be read, and so a dead letter. Nothing is checked
 * before: who asks need not be alive any more.
 *
 * `most` entries at most are added, and no further one when these had `size` bytes.
 *
 * Answers { now, …for each stream three: how many were added; when the next is due (ms since 1970), or '' if there is
 * none; why the first that is due could not be added, or '' }.
 */
export const promoteScript = defineScript({
  name: 'promote',
  keys: [],
  args: ['most', 'size'],
  each: { name: 'streams', keys: ['stream', 'later', 'when'], args: [] },
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
local function fieldsOf(text)
  local isRead, list = pcall(cjson.decode, text)
  if isRead and type(list) == 'table' and #list > 0 and #list % 2 == 0 and #list <= ${MOST_STRINGS} then
    for _, value in ipairs(list) do
      if type(value) ~= 'string' then return { 'c', '?', 'd', text } end
    end
    return list
  end
  return { 'c', '?', 'd', text }
end
local left, bytes, answer = tonumber(most), tonumber(size), { whole(now) }
for _, each in ipairs(streams) do
  local added, failed = 0, ''
  local due = redis.pcall('ZRANGEBYSCORE', each.when, '-inf', whole(now), 'LIMIT', 0, left)
  if due.err then due, failed = {}, due.err end
  for _, id in ipairs(due) do
    if bytes <= 0 then break end
    local text = redis.pcall('HGET', each.later, id)
    if type(text) == 'table' then
      failed = text.err
      break
    end
    if type(text) == 'string' then
      bytes = bytes - #text
      local entry = redis.pcall('XADD', each.stream, '*', unpack(fieldsOf(text)))
      if type(entry) == 'table' then
        failed = entry.err
        break
      end
      redis.call('HDEL', each.later, id)
      added = added + 1
    end
    redis.call('ZREM', each.when, id)
    left = left - 1
  end
  local first = redis.pcall('ZRANGEBYSCORE', each.when, '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  answer[#answer + 1] = added
  answer[#answer + 1] = not first.err and first[2] or ''
  answer[#answer + 1] = failed
end
return answer
`,
});

/** What became of the entries of one stream that were due. */
export interface Promoted {
  readonly added: number;
  /** When the next is due, by Redis' clock (ms); undefined: none waits. */
  readonly next: number | undefined;
  /** Why the first could not be added; '' if it was. */
  readonly failed: string;
}

/** Adds entries that are due to their streams. Answers in the order of the streams. */
export async function promote(
  { link, keys }: ShardPlace,
  streams: readonly string[],
  { most, size }: { readonly most: number; readonly size: number },
): Promise<{ readonly now: number; readonly streams: readonly Promoted[] }> {
  const answer = await run(link, promoteScript, {
    most,
    size,
    streams: streams.map((stream) => ({
      stream: keys.stream(stream),
      later: keys.later(stream),
      when: keys.when(stream),
    })),
  });
  const [now, ...told] = listOf(answer, 'promote');
  const promoted = streams.map((_, i) => {
    const [added, next, failed] = told.slice(3 * i, 3 * i + 3);
    const due = next === '' ? undefined : numberOf(next);
    return { added: numberOf(added), next: due, failed: textOr(failed, '') };
  });
  return { now: numberOf(now), streams: promoted };
}
