import { defineScript } from '../script.js';
import { LUA_IDS } from './group.lua.js';
import { LUA_ANSWER } from './settle.lua.js';

/** Entries that one script looks at, over all streams, and characters of them. */
const LOOKED_AT = 1000;
const LENGTH = 8_388_608;
const PAGE = 20;

/**
 * Looks for calls that were made inside handlers among what no consumer was given yet, and reads up to them.
 * Streams in which there is none are not read. Where more entries than permitted stand before one it is left.
 *
 * KEYS: streams. ARGV: group, consumer, such calls at most, other entries that may be read with them at most,
 * whether to read those even if no such call is reached (0, 1), then per stream: such calls at most, and the
 * id up to which none is known to be.
 *
 * Returns { answers of XREADGROUP, marks }, a mark per stream: the id up to which there is none (empty: begin
 * anew), with a `!` before it if the next entry is one that stands too far back.
 */
export const nestedScript = defineScript(
  'nested',
  `
${LUA_IDS}
local wanted, others = tonumber(ARGV[3]), tonumber(ARGV[4])
local entries, length = ${LOOKED_AT}, ${LENGTH}
local function nested(fields)
  local found = false
  for i = 1, #fields, 2 do
    length = length - #fields[i + 1]
    if fields[i] == 'c' then found = found or string.find(fields[i + 1], ' depth=', 1, true) ~= nil end
  end
  return found
end
-- Entries behind one id, up to another, at most so many and one.
local function between(stream, from, upTo, most)
  local n, page = 0, nil
  repeat
    page = redis.call('XRANGE', stream, '(' .. from, upTo, 'COUNT', ${PAGE})
    n = n + #page
    if #page > 0 then from = page[#page][1] end
  until #page < ${PAGE} or n > most
  return n
end
local function delivered(stream)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return nil end
  for _, g in ipairs(groups) do
    if field(g, 'name') == ARGV[1] then return field(g, 'last-delivered-id') end
  end
end
local function search(stream, from, most)
  local found, last, clean, page = 0, nil, from, nil
  repeat
    page = redis.call('XRANGE', stream, '(' .. from, '+', 'COUNT', ${PAGE})
    for _, entry in ipairs(page) do
      from = entry[1]
      entries = entries - 1
      if nested(entry[2]) then
        found, last = found + 1, from
      elseif found == 0 then
        clean = from
      end
      if found == most or entries <= 0 or length <= 0 then return found, last, clean end
    end
  until #page < ${PAGE}
  return found, last, clean
end
local reads, marks = {}, {}
for i, stream in ipairs(KEYS) do
  local most, mark = math.min(wanted, tonumber(ARGV[4 + 2 * i])), ARGV[5 + 2 * i]
  local start = most > 0 and entries > 0 and length > 0 and delivered(stream)
  if start then
    local from = start
    if mark ~= '' and before(start, mark) then from = mark end
    local found, last, clean = search(stream, from, most)
    mark = clean
    if found > 0 then
      local n = between(stream, start, last, others + found)
      local far = n > others + found
      if far and found > 1 then
        -- Perhaps the first of them stands near enough.
        found, n = 1, between(stream, start, clean, others) + 1
        far = n > others + 1
      end
      if far then mark = '!' .. clean end
      if not far or ARGV[5] == '1' then
        local count = far and others or n
        local read = count > 0 and redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', count, 'STREAMS', stream, '>')
        if read then reads[#reads + 1] = read[1] end
        if not far then
          mark = ''
          wanted = wanted - found
          others = others - (n - found)
        else
          others = 0
        end
      end
    end
  end
  marks[i] = mark
end
return { reads, marks }
`,
  'allow-oom',
);

/**
 * Ends a request that no group was given yet, certainly not run, and tells its caller.
 * KEYS: lease, stream, reply log. ARGV: token, group, id, frame, life of the log (ms).
 * Returns 'ok', 'lost' (some group may have been given it, or it is gone), 'missing' or 'fenced'.
 */
export const refuseUnreadScript = defineScript(
  'refuse-unread',
  `
${LUA_IDS}
${LUA_ANSWER}
local held = redis.call('GET', KEYS[1])
if not held then return 'missing' end
if held ~= ARGV[1] then return 'fenced' end
local groups, isOurs = redis.pcall('XINFO', 'GROUPS', KEYS[2]), false
if groups.err then return 'lost' end
for _, g in ipairs(groups) do
  if field(g, 'name') == ARGV[2] then isOurs = true end
  if not before(field(g, 'last-delivered-id'), ARGV[3]) then return 'lost' end
end
if not isOurs or redis.call('XDEL', KEYS[2], ARGV[3]) == 0 then return 'lost' end
answer(KEYS[3], ARGV[4], ARGV[5])
return 'ok'
`,
  'allow-oom',
);
