import { numberOf, textsOf, wordOf } from '../../answer.js';
import { PAUSE_REVISION } from '../../../protocol/pause.js';
import { LUA_RUN } from '../../lua/run.js';
import { LUA_NOW } from '../../lua/time.js';
import type { Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run, type Sender } from '../script.js';

export type LeaseAnswer =
  | {
      readonly kind: 'ok';
      /** Redis' time, milliseconds. */
      readonly now: number;
      /** How many members of the group are alive; -1 if their key has another type. */
      readonly members: number;
      /** Changes with what is paused; '': nothing is; '!': its key has another type. */
      readonly paused: string;
      /** Cancellations that were left for the owner. */
      readonly notices: string[];
    }
  | { readonly kind: 'missing' | 'fenced'; readonly now: number };

/**
 * Takes, renews or restores a lease for `ttl` milliseconds and collects the cancellations that were left for
 * its owner. With `take` = 0 a missing lease is only reported: its owner must first check what it still owns.
 * `note` tells how this server knows the owner's connections: milliseconds that it may be without any, then their
 * ids; '' where they are not known.
 *
 * Answers { 'ok', now, live members of the group (-1 if their key has another type), revision of what is paused ('' if
 * nothing is, '!' if its key has another type), notices… }, { 'missing', now } or { 'fenced', now }.
 */
export const leaseScript = defineScript({
  name: 'lease',
  keys: ['lease', 'members', 'inbox', 'sockets', 'paused'],
  args: ['token', 'consumer', 'ttl', 'take', 'note'],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
local held = redis.call('GET', lease)
if held and held ~= token then return { 'fenced', whole(now) } end
if held then
  redis.call('PEXPIRE', lease, ttl)
elseif take == '1' then
  redis.call('SET', lease, token, 'PX', ttl)
else
  return { 'missing', whole(now) }
end
local alive = -1
if type(redis.pcall('ZADD', members, now + ttl, consumer)) ~= 'table' then
  redis.call('ZREMRANGEBYSCORE', members, '-inf', whole(now))
  redis.call('PEXPIRE', members, ttl * 10)
  alive = redis.call('ZCARD', members)
end
if note == '' then
  redis.pcall('HDEL', sockets, consumer)
else
  ${LUA_RUN}
  redis.pcall('HSET', sockets, consumer, whole(now + ttl) .. ' ' .. run .. ' ' .. note)
  redis.pcall('PEXPIRE', sockets, ttl * 10)
end
local revision = redis.pcall('HGET', paused, '${PAUSE_REVISION}')
local answer = { 'ok', whole(now), whole(alive), type(revision) == 'table' and '!' or revision or '' }
local notices = redis.pcall('LRANGE', inbox, 0, -1)
if #notices > 0 then
  redis.call('DEL', inbox)
  for _, notice in ipairs(notices) do answer[#answer + 1] = notice end
end
return answer
`,
});

/** How a lease is renewed. */
export interface Renewal {
  /** Milliseconds. */
  readonly ttl: number;
  /** Take the lease if it is missing, instead of reporting that it is. */
  readonly take: boolean;
  /** Milliseconds that the owner may be without any connection, and the ids of those that it has. */
  readonly connections?: { readonly grace: number; readonly ids: readonly number[] };
}

/** What sends a renewal: the link for commands, or a connection that has just come up. */
export type RenewalPlace = Omit<GroupPlace, 'link'> & { readonly link: Sender };

export async function renew(
  { link, keys, group }: RenewalPlace,
  { consumer, token }: Owner,
  { ttl, take, connections }: Renewal,
): Promise<LeaseAnswer> {
  const answer = await run(link, leaseScript, {
    lease: keys.lease(consumer),
    members: keys.members(group),
    inbox: keys.inbox(consumer),
    sockets: keys.sockets(group),
    paused: keys.paused(group),
    token,
    consumer,
    ttl,
    take,
    note: noteOf(connections),
  });
  const [word, time, members, paused = '', ...notices] = textsOf(answer, 'lease');
  const kind = wordOf(word, ['ok', 'missing', 'fenced'] as const, 'lease');
  const now = numberOf(time);
  return kind === 'ok' ? { kind, now, members: numberOf(members), paused, notices } : { kind, now };
}

function noteOf(connections: Renewal['connections']): string {
  if (connections === undefined || connections.ids.length === 0) return '';
  return [connections.grace, ...connections.ids].join(' ');
}
