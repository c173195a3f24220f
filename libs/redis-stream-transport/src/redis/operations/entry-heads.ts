import { defineScript } from './script.js';

/**
 * Says what entries of a stream are, without their data. Writes nothing.
 *
 * Answers for each id { header line, pattern, idempotency key, ids of the calls of a pack }, each '' where there is
 * none; all '' if the entry is gone.
 */
export const entryHeadsScript = defineScript({
  name: 'entry-heads',
  keys: ['stream'],
  args: ['...ids'],
  flags: 'allow-oom',
  lua: `
local said = {}
for _, id in ipairs(ids) do
  local found = redis.pcall('XRANGE', stream, id, id)
  local fields = {}
  local entry = not found.err and found[1] and found[1][2] or {}
  for i = 1, #entry, 2 do
    if not fields[entry[i]] then fields[entry[i]] = entry[i + 1] end
  end
  for _, name in ipairs({ 'c', 'p', 'k', 'm' }) do said[#said + 1] = fields[name] or '' end
end
return said
`,
});

/**
 * Finds entries of a call, or of one call of a pack, in a part of a stream. Writes nothing.
 *
 * Looks at `count` entries from `from` on. Answers { id after which to go on or '', characters that these entries
 * have, ids of those that fit… }.
 */
export const findCallScript = defineScript({
  name: 'find-call',
  keys: ['stream'],
  args: ['from', 'count', 'call', 'caller'],
  flags: 'allow-oom',
  lua: `
local entries = redis.pcall('XRANGE', stream, from, '+', 'COUNT', count)
if entries.err then return { '', '0' } end
local said, size = { '', '0' }, 0
for _, entry in ipairs(entries) do
  local header, members
  for i = 1, #entry[2], 2 do
    local name, value = entry[2][i], entry[2][i + 1]
    size = size + #value
    if name == 'c' and not header then header = value end
    if name == 'm' and not members then members = value end
  end
  local of, from_caller = string.match(header or '', '^%S+ %S+ (%S+) (%S+)')
  local within = of == call or members and string.find(',' .. members .. ',', ',' .. call .. ',', 1, true)
  if from_caller == caller and within then said[#said + 1] = entry[1] end
end
if #entries == tonumber(count) then said[1] = entries[#entries][1] end
said[2] = string.format('%.0f', size)
return said
`,
});
