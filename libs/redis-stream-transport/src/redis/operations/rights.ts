import type { Keys } from '../../protocol/keys.js';
import { textsOf } from '../answer.js';
import type { ShardPlace } from './place.js';
import { defineScript, run } from './script.js';

/** A command that a role needs, and what it is for: a key or a channel, unless it has neither. */
interface Right {
  /** As rules of ACLs name it: `xgroup|create`. */
  readonly command: string;
  readonly words: readonly string[];
  /** Of a channel: the pattern that permits it. */
  readonly channel?: string;
}

/** Commands without a key. */
const CONNECTION = ['ping', 'info', 'time', 'client|setname', 'script|load'];
const SCRIPTS = ['eval', 'evalsha'];
const SERVICE = ['client|id', 'client|list', 'client|tracking', 'client|unblock'];

const SERVICE_KEYED = `
  del exists get hdel hexists hget hgetall hkeys hlen hmget hrandfield hset lrange memory|usage persist pexpire pttl set
  type xack xadd xclaim xdel xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|destroy xinfo|consumers
  xinfo|groups xinfo|stream xlen xpending xrange xreadgroup xtrim zadd zcard zcount zrange zrangebyscore zrem zremrangebyscore
  zscore`;

const CALLER_KEYED = `
  del exists hdel hget hgetall hmget hset ltrim persist pexpire rpush set xadd xdel xinfo|consumers xinfo|groups xinfo|stream
  xlen xpending xrange xrevrange xtrim zadd zcount zrangebyscore zrem zscore`;

/** What the first question on a connection needs. */
export function helloRights(keys: Keys): Right[] {
  return [...without(['info', 'time']), ...keyed('hmget hset persist', keys)];
}

/** What a service needs where it is permitted all keys and channels of its prefix. */
export function serviceRights(keys: Keys): Right[] {
  const channels = [
    channel('spublish', keys.log('x'), keys.log('*')),
    channel('spublish', keys.inbox('x'), keys.inbox('*')),
    channel('ssubscribe', keys.inbox('x'), keys.inbox('*')),
    channel('ssubscribe', keys.nudge('x'), keys.nudge('*')),
    channel('ssubscribe', keys.streams(), keys.streams()),
    channel('spublish', keys.streams(), keys.streams()),
    channel('subscribe', keys.stream('x'), keys.stream('*')),
  ];
  return [...without([...CONNECTION, ...SERVICE]), ...keyed(SERVICE_KEYED, keys), ...channels];
}

/** What a caller needs. */
export function callerRights(keys: Keys): Right[] {
  const channels = [
    channel('ssubscribe', keys.log('x'), keys.log('*')),
    channel('spublish', keys.inbox('x'), keys.inbox('*')),
    channel('spublish', keys.nudge('x'), keys.nudge('*')),
    channel('spublish', keys.streams(), keys.streams()),
  ];
  return [...without(CONNECTION), ...keyed(CALLER_KEYED, keys), ...channels];
}

/** Asks which of these commands its user may run, without running them. Answers those that it may not, by number. */
export const rightsScript = defineScript({
  name: 'rights',
  keys: [],
  args: ['...rights'],
  flags: 'allow-oom',
  lua: `
local missing = {}
for i, right in ipairs(rights) do
  local words = {}
  for word in string.gmatch(right, '%S+') do words[#words + 1] = word end
  -- A server may not know the question, or the command.
  local known, may = pcall(redis.acl_check_cmd, unpack(words))
  if known and not may then missing[#missing + 1] = tostring(i) end
end
return missing
`,
});

/** The rights that are missing, as text. */
export async function missingRights(
  place: ShardPlace,
  rightsOf: (keys: Keys) => readonly Right[],
): Promise<string[]> {
  const rights = rightsOf(place.keys);
  const asked = { rights: rights.map(({ words }) => words.join(' ')) };
  const numbers = textsOf(await run(place.link, rightsScript, asked), 'rights');
  const missing = numbers.map((number) => rights[Number(number) - 1]);
  return missing.flatMap((right) => {
    if (right === undefined) return [];
    return right.channel === undefined ? right.command : `${right.command} on ${right.channel}`;
  });
}

function without(commands: readonly string[]): Right[] {
  return commands.map((command) => ({ command, words: command.split('|') }));
}

function keyed(commands: string, keys: Keys): Right[] {
  const key = keys.incarnation();
  const plain = commands.trim().split(/\s+/);
  return [
    ...SCRIPTS.map((command) => ({ command, words: [command, 'x', '1', key] })),
    ...plain.map((command) => ({ command, words: wordsOf(command, key) })),
  ];
}

function wordsOf(command: string, key: string): string[] {
  if (command !== 'xreadgroup') return [...command.split('|'), key];
  return [command, 'group', 'x', 'x', 'streams', key, '>'];
}

function channel(command: string, name: string, pattern: string): Right {
  return { command, words: [command, name], channel: pattern };
}
