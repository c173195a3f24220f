import { LUA_NOW } from '../../redis/lua/time.js';
import { defineScript } from '../../redis/operations/script.js';

/**
 * Says how many instances of some groups live, and how many dead letters they have. Writes nothing. Answers a list for
 * each group: { instances, dead letters }; what is of another type counts as nothing.
 */
export const groupFiguresScript = defineScript({
  name: 'group-figures',
  keys: [],
  args: [],
  each: { name: 'groups', keys: ['members', 'dead'], args: [] },
  lua: `
${LUA_NOW}
local function number(said) return type(said) == 'number' and whole(said) or '0' end
local all = {}
for i, group in ipairs(groups) do
  all[i] = {
    number(redis.pcall('ZCOUNT', group.members, whole(now), '+inf')),
    number(redis.pcall('XLEN', group.dead)),
  }
end
return all
`,
});
