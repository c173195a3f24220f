import { defineScript } from '../redis/operations/script.js';

/**
 * Finds the dead letters that an entry became, in a part of a stream of letters. Writes nothing.
 *
 * Of a pack these may be one for each of its calls, or one for all: `id` names a call of it, or the entry. Looks at `count` letters from `from` on. Answers { id after which to go on or '', characters that these letters have,
 * ids of those that fit… }.
 */
export const findLetterScript = defineScript({
  name: 'find-letter',
  keys: ['stream'],
  args: ['from', 'count', 'id'],
  flags: 'allow-oom',
  lua: `
local letters = redis.pcall('XRANGE', stream, from, '+', 'COUNT', count)
if letters.err then return { '', '0' } end
local said, size = { '', '0' }, 0
local function entryOf(name) return string.match(name, '^[^#]*') end
local entry = entryOf(id)
for _, letter in ipairs(letters) do
  local was
  for i = 1, #letter[2], 2 do
    size = size + #letter[2][i + 1]
    if letter[2][i] == 'id' and not was then was = letter[2][i + 1] end
  end
  local of = was and entryOf(was)
  if was == id or of == entry and (of == was or entry == id) then said[#said + 1] = letter[1] end
end
if #letters == tonumber(count) then said[1] = letters[#letters][1] end
said[2] = string.format('%.0f', size)
return said
`,
});
