import { LAST_ID } from '../../protocol/limits.js';

/**
 * Lua: `following(stream, id, upTo, count)` lists entries after an id. None comes after the highest id that there is,
 * which anybody may have given to an entry: Redis has an error for the question.
 */
export const LUA_FOLLOWING = `
local function following(stream, id, upTo, count)
  return id == '${LAST_ID}' and {} or redis.call('XRANGE', stream, '(' .. id, upTo, 'COUNT', count)
end
`;
