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
 * for where it can be: among the entries from its due time on, 1,000 at most, by the header line of its call.
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
local answer = {}
for _, each in ipairs(entries) do
  local found = 'gone'
  local removed = redis.pcall('HDEL', each.later, each.id)
  redis.pcall('ZREM', each.when, each.id)
  if removed == 1 then
    found = 'withdrawn'
    redis.pcall('DEL', each.sent)
  elseif each.words ~= '' then
    local page = redis.pcall('XRANGE', each.stream, each.due, whole(now) + 1000, 'COUNT', ${MOST_LOOKED_AT})
    for _, entry in ipairs(page.err and {} or page) do
      if string.find(field(entry[2], 'c') or '', ' ' .. each.words .. ' ', 1, true) then found = entry[1] end
    end
  end
  answer[#answer + 1] = found
end
return answer
`,
});

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
