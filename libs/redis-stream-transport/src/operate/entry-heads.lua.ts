import { defineScript } from '../redis/operations/script.js';

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
