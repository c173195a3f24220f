import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_ORPHANED } from '../../lua/orphaned.js';
import type { LeaseLost, Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * Makes orphaned requests pending under this consumer. Its audit then finds and runs them. Their count of deliveries is
 * 2, because they were handed out before.
 *
 * Answers 'missing', 'fenced' or the number of entries adopted.
 */
export const adoptScript = defineScript({
  name: 'adopt',
  keys: ['lease', 'stream', 'registry', 'started'],
  args: ['token', 'group', 'consumer', '...ids'],
  flags: 'allow-oom',
  lua: `
${LUA_ORPHANED}
${LUA_FENCE}
local adopted = 0
for _, id in ipairs(ids) do
  local exists = #redis.pcall('XRANGE', stream, id, id) == 1
  if exists and orphaned(stream, registry, started, group, id) then
    redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', 2, 'FORCE', 'JUSTID')
    adopted = adopted + 1
  end
end
return string.format('%.0f', adopted)
`,
});

/** Makes orphaned requests pending under this consumer. Undefined: it has the lease. */
export async function adopt(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  stream: string,
  ids: readonly string[],
): Promise<LeaseLost | undefined> {
  const answer = await run(link, adoptScript, {
    lease: keys.lease(consumer),
    stream: keys.stream(stream),
    registry: keys.groups(stream),
    started: keys.started(stream),
    token,
    group,
    consumer,
    ids,
  });
  return answer === 'missing' || answer === 'fenced' ? answer : undefined;
}
