/** Lua: `backlog(stream, len)` is how many of the `len` entries of a stream are unfinished. */
export const LUA_BACKLOG = `
-- What no live group has finished: handled events above the trim line do not count.
local function backlog(stream, len)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err or #groups == 0 then return len end
  local worst = 0
  for _, g in ipairs(groups) do
    local pending, lag = 0, nil
    for f = 1, #g, 2 do
      if g[f] == 'pending' then pending = g[f + 1] elseif g[f] == 'lag' then lag = g[f + 1] end
    end
    if not lag then return len end
    if pending + lag > worst then worst = pending + lag end
  end
  return worst
end
`;
