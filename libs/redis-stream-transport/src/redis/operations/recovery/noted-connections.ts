import { textsOf } from '../../answer.js';
import { LUA_RUN } from '../../lua/run.js';
import { LUA_NOW } from '../../lua/time.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Notes of one group at most. Beyond that the lease alone tells who is dead. */
const MOST = 2000;
/** Characters of a note, and of a name. */
const LONGEST = 400;
/** Field with the time of the last look that was not urgent. No consumer has a space in its name. */
const LOOKED_AT = 'looked at';

/**
 * Reads what the live consumers of a group have noted about their connections, once in `every` milliseconds for
 * all who ask, or at once if it is `urgent`, which puts off nobody else's look. Leaves out what another life of this server noted, and removes what
 * has ended or is no note: anybody may have written anything.
 *
 * Answers consumers and notes in turn; nothing when somebody else has looked a moment ago.
 */
export const notedConnectionsScript = defineScript({
  name: 'noted-connections',
  keys: ['sockets'],
  args: ['every', 'urgent'],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
local size = redis.pcall('HLEN', sockets)
if type(size) == 'table' or size == 0 then return {} end
if size > ${MOST} then
  redis.call('DEL', sockets)
  return {}
end
local looked = tonumber(redis.call('HGET', sockets, '${LOOKED_AT}') or '')
-- A time to come is no reason to wait: the clock was set back.
if urgent == '0' and looked and looked <= now and now - looked < tonumber(every) then return {} end
-- Who has seen somebody gone looks again, and may be killed before the second strike: others look meanwhile.
if urgent == '0' then redis.call('HSET', sockets, '${LOOKED_AT}', whole(now)) end
${LUA_RUN}
local answer, all = {}, redis.call('HGETALL', sockets)
for i = 1, #all, 2 do
  local name, note = all[i], all[i + 1]
  if name ~= '${LOOKED_AT}' then
    local ends, of = string.match(note, '^(%d+) (%w+) %d+ %d[%d ]*$')
    if #name > ${LONGEST} or #note > ${LONGEST} or not ends or tonumber(ends) < now then
      redis.call('HDEL', sockets, name)
    elseif of == run then
      answer[#answer + 1], answer[#answer + 2] = name, note
    end
  end
end
return answer
`,
});

/** What a consumer has noted about its connections. */
export interface NotedConnections {
  readonly consumer: string;
  /** As it stands in Redis: another one after each renewal of its lease. */
  readonly note: string;
  /** Milliseconds that it may be without any of them. */
  readonly grace: number;
  readonly ids: readonly number[];
}

/** @param every milliseconds between two looks of the whole group, unless this one is urgent */
export async function notedConnections(
  { link, keys, group }: GroupPlace,
  every: number,
  urgent: boolean,
): Promise<NotedConnections[]> {
  const given = { sockets: keys.sockets(group), every, urgent };
  const answer = textsOf(await run(link, notedConnectionsScript, given), 'noted-connections');
  const noted: NotedConnections[] = [];
  for (let i = 0; i + 1 < answer.length; i += 2) {
    const [consumer = '', note = ''] = answer.slice(i, i + 2);
    const [, , grace, ...ids] = note.split(' ').map(Number);
    if (grace === undefined || ids.length === 0) continue;
    if ([grace, ...ids].every(Number.isSafeInteger)) noted.push({ consumer, note, grace, ids });
  }
  return noted;
}
