/** Lua: `error_of(answer)` is an error of Redis as it stands in a verdict: percent-encoded, and cut at 120 bytes. */
export const LUA_ERROR_TOKEN = `
local function error_of(answer)
  local text = string.sub(answer.err or '', 1, 120)
  return '!E' .. (string.gsub(text, '%W', function(c) return string.format('%%%02X', string.byte(c)) end))
end
`;
