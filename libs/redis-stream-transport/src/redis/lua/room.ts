import { MAX_REPLY_LOG_BYTES } from '../../protocol/limits.js';

/**
 * Lua that takes `lost` for `frame` if the reply log has no room for it. `lost` is a short frame, which says that a reply
 * is lost and is written although the log is full; '': `frame` is short itself.
 */
export const LUA_ROOM = `
if lost ~= '' then
  local used = redis.pcall('MEMORY', 'USAGE', log)
  if type(used) == 'number' and used + #frame > ${MAX_REPLY_LOG_BYTES} then frame = lost end
end
`;
