import { PROTOCOL_VERSION } from '../../protocol/version.js';
import type { ShardPlace } from './place.js';
import { defineScript, run } from './script.js';

/**
 * Notes how many shards the streams of a prefix are spread over, the numbers in their tags, and the version of the
 * protocol, when nobody has done so. Raises LAYOUT where others have noted something else: who does not agree with them
 * would write into streams that nobody reads.
 *
 * A server that refuses the note for a while, as when its memory is full, is asked again by the next connection.
 * `tags` is '' for one shard.
 *
 * Answers 'ok'.
 */
export const layoutScript = defineScript({
  name: 'layout',
  keys: ['layout'],
  args: ['shards', 'tags', 'protocol', 'notes'],
  lua: `
local known = redis.pcall('HMGET', layout, 'shards', 'protocol', 'tags')
-- A key of another type stops nobody: what it replaced is noted again when it is gone.
if known.err then return 'ok' end
local move = ', or move to another prefix as docs/scaling.md says'
if not known[1] then
  local note = { 'shards', shards, 'protocol', protocol }
  if tags ~= '' then note[5], note[6] = 'tags', tags end
  if notes == '1' then redis.pcall('HSET', layout, unpack(note)) end
elseif known[1] ~= shards then
  return redis.error_reply('LAYOUT option "shards" is ' .. shards .. ' here, and ' .. known[1] .. ' in Redis since the first start (' .. layout .. '): set "shards" to ' .. known[1] .. ' here' .. move)
elseif known[2] ~= protocol then
  return redis.error_reply('LAYOUT version ' .. protocol .. ' of the protocol is spoken here, and version ' .. tostring(known[2]) .. ' in Redis (' .. layout .. ')')
elseif (known[3] or '') ~= tags then
  return redis.error_reply('LAYOUT the shards have other names here than in Redis since the first start (' .. layout .. '): use the version of then' .. move)
end
return 'ok'
`,
});

/**
 * Checks that the layout is that of all others. The first shard has the note; in others there is nothing to check.
 *
 * @param notes whether to note it where nobody has
 * @throws CommandFailure with the reply LAYOUT if it is another
 */
export async function checkLayout({ link, keys }: ShardPlace, notes: boolean): Promise<void> {
  const layout = keys.layout();
  if (layout === undefined) return;
  const { shards } = keys;
  const tags = keys.tags();
  await run(link, layoutScript, { layout, shards, tags, protocol: PROTOCOL_VERSION, notes });
}
