import { textOf, wordOf } from '../../answer.js';
import { LUA_ANSWER } from '../../lua/answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_FINISH } from '../../lua/finish.js';
import { LUA_MINE } from '../../lua/mine.js';
import { LUA_PACK, LUA_PLACE, PLACE_ARGS, placeArgs, type PackPlace } from '../../lua/pack.js';
import { REQUESTS_UNTIL } from '../../lua/registry.js';
import { LUA_NOW } from '../../lua/time.js';
import { CHECKED, type Answer, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Milliseconds. */
const DAY = 86_400_000;

/** A request for which an instance has no handler. */
export interface UnhandledEntry {
  readonly stream: string;
  readonly id: string;
  readonly pattern: string;
  /** Clock of Redis, ms; Infinity without a deadline. */
  readonly deadline: number;
  /** Whether it may be handed to another member of the group. */
  readonly mayHand: boolean;
  readonly pack?: PackPlace | undefined;
}

const UNHANDLED = [...CHECKED, 'acked', 'answered', 'handed'] as const;

/** What became of the request: left to another group, handed to a member of this one, or answered. */
export interface UnhandledAnswer {
  readonly kind: (typeof UNHANDLED)[number];
  /** The member of the group that the entry was handed to. */
  readonly to?: string;
}

/**
 * Decides about a request for which this consumer has no handler (rule L19). If another member of the group has one
 * (a newer version of the service) and reads the stream, the entry is handed to it: a member that does not read the
 * stream would never find it. Otherwise, if another live group answers the pattern, the entry is acknowledged
 * silently, and so it is by a group that only hears events: those who answer requests may be away, or yet to come. If the
 * group answers requests of the stream, and none answers this one, the caller is told and the entry is deleted.
 *
 * `life` is that of the log (ms), and `deadline` is '' for none.
 * Answers 'acked', 'handed <consumer>', 'answered', 'lost', 'missing' or 'fenced'.
 */
export const noHandlerScript = defineScript({
  name: 'no-handler',
  keys: ['lease', 'stream', 'due', 'live', 'log', 'registry', 'part'],
  args: [
    ...(['token', 'group', 'consumer', 'id', 'frame', 'life', 'mayHand', 'deadline'] as const),
    ...PLACE_ARGS,
  ],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
${LUA_ANSWER}
${LUA_PACK}
${LUA_PLACE}
${LUA_FINISH}
${LUA_FENCE}
${LUA_MINE}
if isOver then return 'lost' end
local elsewhere = false
local reads = {}
if mayHand == '1' then
  for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do reads[c[2]] = true end
end
local members = redis.pcall('ZRANGEBYSCORE', live, whole(now), '+inf')
if members.err then
  if not string.find(members.err, 'WRONGTYPE', 1, true) then return members end
  -- No consumer can be announced there. A group that answers requests of this stream may answer this one.
  members = {}
  local groups = redis.pcall('HGETALL', registry)
  for i = 1, #groups, 2 do
    if groups[i] ~= group and string.match(groups[i + 1], '^%d+ r ') then elsewhere = true end
  end
end
for _, member in ipairs(members) do
  local other, theirs = string.match(member, '^([^ ]+) ([^ ]+)')
  if not other then
    -- Another program wrote this.
  elseif other == group and theirs ~= consumer and reads[theirs] then
    redis.call('XCLAIM', stream, group, theirs, 0, id, 'JUSTID')
    return 'handed ' .. theirs
  elseif other ~= group then
    elsewhere = true
  end
end
local own = redis.pcall('HGET', registry, group)
local answers = type(own) == 'string' and string.match(own, '^%d+ r ')
if answers and not elsewhere then
  answer(log, frame, life)
  finish(true)
  return 'answered'
end
redis.pcall('XACK', stream, group, id)
redis.pcall('HDEL', due, group .. ' ' .. id)
-- The group that answers may not exist yet. So the janitor must know that there is such a request.
local till = tonumber(deadline) or now + ${DAY}
local noted = tonumber(redis.pcall('HGET', registry, '${REQUESTS_UNTIL}') or 0) or 0
if noted < till then redis.pcall('HSET', registry, '${REQUESTS_UNTIL}', whole(till)) end
return 'acked'
`,
});

export async function noHandler(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  { stream, id, pattern, deadline, mayHand, pack }: UnhandledEntry,
  answer: Answer,
): Promise<UnhandledAnswer> {
  const text = await run(link, noHandlerScript, {
    lease: keys.lease(consumer),
    stream: keys.stream(stream),
    due: keys.due(stream),
    live: keys.live(pattern),
    log: keys.log(answer.caller),
    registry: keys.groups(stream),
    part: keys.part(stream),
    ...placeArgs(pack),
    token,
    group,
    consumer,
    id,
    frame: answer.frame,
    life: answer.ttlMs,
    mayHand,
    deadline: Number.isFinite(deadline) ? Math.ceil(deadline) : '',
  });
  const [word, to] = textOf(text, 'no-handler').split(' ');
  const kind = wordOf(word, UNHANDLED, 'no-handler');
  return { kind, ...(to === undefined ? {} : { to }) };
}
