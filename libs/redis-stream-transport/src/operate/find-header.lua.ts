import { defineScript } from '../redis/operations/script.js';

/**
 * Finds entries whose headers may have a value, in a part of a stream. Writes nothing.
 *
 * Looks at `count` entries from `from` on for the text `needle` in the field `h`, and for headers with escapes, which may
 * stand for it. Answers { id after which to go on or '', characters that these entries have }, then for each that may fit
 * { id, header line, ids of the calls of a pack or '', headers }.
 */
export const findHeaderScript = defineScript({
  name: 'find-header',
  keys: ['stream'],
  args: ['from', 'count', 'needle'],
  flags: 'allow-oom',
  lua: `
local entries = redis.pcall('XRANGE', stream, from, '+', 'COUNT', count)
if entries.err then return { '', '0' } end
local said, size = { '', '0' }, 0
for _, entry in ipairs(entries) do
  local found = {}
  for i = 1, #entry[2], 2 do
    local name, value = entry[2][i], entry[2][i + 1]
    size = size + #value
    if not found[name] then found[name] = value end
  end
  local h = found.h
  if h and (string.find(h, needle, 1, true) or string.find(h, '\\\\u', 1, true)) then
    for _, value in ipairs({ entry[1], found.c or '', found.m or '', h }) do said[#said + 1] = value end
  end
end
if #entries == tonumber(count) then said[1] = entries[#entries][1] end
said[2] = string.format('%.0f', size)
return said
`,
});
