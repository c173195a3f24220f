import { PROTOCOL_VERSION } from '../../protocol/version.js';
import type { ShardPlace } from './place.js';
import { defineScript, run } from './script.js';

/**
 * Notes how many shards the streams of a prefix are spread over, and the version of the protocol, when nobody has done
 * so. Raises LAYOUT where others have noted something else: who does not agree with them would write into streams that
 * nobody reads.
 *
 * A server that refuses the note for a while, as when its memory is full, is asked again by the next connection.
 *
 * Answers 'ok'.
 */
export const layoutScript = defineScript({
  name: 'layout',
  keys: ['layout'],
  args: ['shards', 'protocol', 'notes'],
  lua: `
local known = redis.pcall('HMGET', layout, 'shards', 'protocol')
-- A key of another type stops nobody: what it replaced is noted again when it is gone.
if known.err then return 'ok' end
if not known[1] then
  if notes == '1' then redis.pcall('HSET', layout, 'shards', shards, 'protocol', protocol) end
elseif known[1] ~= shards then
  local advice = 'give all services and clients the same number, or another prefix'
  return redis.error_reply('LAYOUT option "shards" is ' .. shards .. ' here, and ' .. known[1] .. ' in Redis since the first start (' .. layout .. '): ' .. advice)
elseif known[2] ~= protocol then
  return redis.error_reply('LAYOUT version ' .. protocol .. ' of the protocol is spoken here, and version ' .. tostring(known[2]) .. ' in Redis (' .. layout .. ')')
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
  await run(link, layoutScript, { layout, shards, protocol: PROTOCOL_VERSION, notes });
}
