import { RESULT_LIFE } from '../../protocol/result-record.js';

/**
 * Lua: `runs(known, name)` says whether a record is that of this entry or call, and has no result. `keep(record, name,
 * ended)` writes the record of what has ended; '-' gives the key up. Nothing changes if the key is another one's by now. The first
 * result stays: it is the one that the caller has seen. Nothing raises: when this runs, the answer is written.
 */
export const LUA_RESULTS = `
local function runs(known, name)
  if type(known) ~= 'string' or string.byte(known) ~= ${'.'.charCodeAt(0)} then return false end
  local from = string.find(known, ' ', 1, true)
  return from and string.sub(known, from, from + #name + 1) == ' ' .. name .. ' '
end
local function keep(record, name, ended)
  if ended == '-' then
    if runs(redis.pcall('GET', record), name) then redis.pcall('DEL', record) end
    return
  end
  local known = redis.pcall('SET', record, ended, 'XX', 'GET', 'PX', '${RESULT_LIFE}')
  if type(known) ~= 'string' or runs(known, name) then return end
  redis.pcall('SET', record, known, 'PX', '${RESULT_LIFE}')
end
`;
