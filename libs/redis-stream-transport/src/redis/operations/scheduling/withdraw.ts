import { textsOf } from '../../answer.js';
import { LUA_IDS } from '../../lua/ids.js';
import { LUA_NOW } from '../../lua/time.js';
import { isEntryId } from '../../../protocol/limits.js';
import type { ShardPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Entries of a stream that are looked at for a call that is due already. */
const MOST_LOOKED_AT = 1000;

/**
 * Takes back entries that wait until they are due. Of one that is due and was added to its stream, the entry is looked
 * for where it can be: among the entries from the earliest of these due times on, 1,000 at most of each stream, by the
 * header line of its call.
 *
 * `due` is that time (ms since 1970), and `words` are call and caller with a space between them; '' looks for none.
 *
 * `sent` goes with what is taken back: the same message may come again.
 *
 * Answers a word for each: `withdrawn`, the id of its entry, or `gone`: it does not wait, and its entry was not found.
 */
export const withdrawScript = defineScript({
  name: 'withdraw',
  keys: [],
  args: [],
  each: {
    name: 'entries',
    keys: ['stream', 'later', 'when', 'sent'],
    args: ['id', 'due', 'words'],
  },
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
${LUA_IDS}
local answer, from = {}, {}
for i, each in ipairs(entries) do
  local removed = redis.pcall('HDEL', each.later, each.id)
  redis.pcall('ZREM', each.when, each.id)
  answer[i] = removed == 1 and 'withdrawn' or 'gone'
  if removed == 1 then
    redis.pcall('DEL', each.sent)
  elseif each.words ~= '' then
    from[each.stream] = math.min(from[each.stream] or math.huge, tonumber(each.due))
  end
end
-- Each stream is read once: thousands may be given up together.
local ids = {}
for stream, first in pairs(from) do
  local page = redis.pcall('XRANGE', stream, whole(first), whole(now) + 1000, 'COUNT', ${MOST_LOOKED_AT})
  local found = {}
  for _, entry in ipairs(page.err and {} or page) do
    local words = string.match(field(entry[2], 'c') or '', '^%S+ %S+ (%S+ %S+)')
    if words then found[words] = entry[1] end
  end
  ids[stream] = found
end
for i, each in ipairs(entries) do
  if answer[i] == 'gone' and each.words ~= '' then answer[i] = ids[each.stream][each.words] or 'gone' end
end
return answer
`,
});

/** The id under which an event waits: other patterns of its stream may have the same message id. */
export function waitingId(messageId: string, pattern: string): string {
  return `${pattern.length}:${pattern}:${messageId}`;
}

/** An entry that waits, or has. */
export interface Scheduled {
  readonly stream: string;
  readonly id: string;
  /** When it is due, by Redis' clock (ms). */
  readonly due: number;
  /** Call and caller of a call, with a space between them; '' for an event. */
  readonly words: string;
  /** What is not remembered any more when it is taken back: the message id of an event of a pattern. */
  readonly sent: { readonly pattern: string; readonly messageId: string } | undefined;
}

/** 'withdrawn': it waited, and does not any more. An id: its entry. 'gone': neither. */
export async function withdraw(
  { link, keys }: ShardPlace,
  entries: readonly Scheduled[],
): Promise<string[]> {
  const answer = await run(link, withdrawScript, {
    entries: entries.map(({ stream, id, due, words, sent }) => ({
      stream: keys.stream(stream),
      later: keys.later(stream),
      when: keys.when(stream),
      sent: keys.sent(sent?.pattern ?? '', sent?.messageId ?? ''),
      ...{ id, due, words },
    })),
  });
  const told = textsOf(answer, 'withdraw');
  return entries.map((_, i) => {
    const word = told[i] ?? '';
    return word === 'withdrawn' || isEntryId(word) ? word : 'gone';
  });
}
