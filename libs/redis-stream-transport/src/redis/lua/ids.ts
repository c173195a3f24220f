/**
 * Lua: `split(id)` gives milliseconds and sequence of an entry id, `before(a, b)` compares two of them, and
 * `field(flat, name)` finds a value in a list of names and values.
 */
export const LUA_IDS = `
local function split(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local function before(a, b)
  local am, as = split(a)
  local bm, bs = split(b)
  return am < bm or (am == bm and as < bs)
end
local function field(flat, name)
  for i = 1, #flat, 2 do
    if flat[i] == name then return flat[i + 1] end
  end
end
`;
