import { textOf } from '../../answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import type { Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Milliseconds for which a start is remembered: longer than a call lasts, but not for ever. */
export const STARTED_LIFE = 86_400_000;

/**
 * Starts entries that may be started only once (rule L18). Each is acknowledged but kept in the stream, and noted with
 * its consumer; settling deletes both. A start whose answer was lost is repeated: the answer is to run the entry if the
 * same consumer has started it before.
 *
 * Answers 'missing', 'fenced' or 'ok flags', with a flag for each id: 1 (run it) or 0 (it belongs to another consumer).
 */
export const startScript = defineScript({
  name: 'start',
  keys: ['lease', 'stream', 'started'],
  args: ['token', 'group', 'consumer', '...ids'],
  flags: 'allow-oom',
  lua: `
${LUA_FENCE}
local flags = ''
for _, id in ipairs(ids) do
  local name = group .. ' ' .. id
  local by = redis.call('HGET', started, name)
  local mine = by == consumer
  if not by then
    local pending = redis.pcall('XPENDING', stream, group, id, id, 1, consumer)
    if not pending.err and #pending == 1 then
      redis.call('HSET', started, name, consumer)
      redis.call('PEXPIRE', started, ${STARTED_LIFE})
      redis.call('XACK', stream, group, id)
      mine = true
    end
  end
  flags = flags .. (mine and '1' or '0')
end
return 'ok ' .. flags
`,
});

/** Says of each id whether this consumer is to run it. */
export async function start(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  stream: string,
  ids: readonly string[],
): Promise<boolean[] | 'missing' | 'fenced'> {
  const said = await run(link, startScript, {
    lease: keys.lease(consumer),
    stream: keys.stream(stream),
    started: keys.started(stream),
    token,
    group,
    consumer,
    ids,
  });
  const answer = textOf(said, 'start');
  if (answer === 'missing' || answer === 'fenced') return answer;
  return Array.from(answer.slice(3), (flag) => flag === '1');
}
