import { defineScript, LUA_NOW } from '../script.js';

/** Verdicts that a caller record keeps: as many as batches may be unresolved (rule L2). */
export const VERDICTS_KEPT = 8;

/**
 * Lua that decides whether a batch number may be applied (rule L1).
 *
 * Counters belong to one client instance and shard. A batch is accepted when the record holds its epoch
 * and the number before it, or when it opens an epoch and names the memory it was meant for. Anything
 * else is a repeat, or is refused with what the record holds; a lower epoch is refused for ever.
 */
const LUA_ACCEPT = `
-- Anybody may have written into the record: what is no number of ours is missing.
local function place(text)
  return text and #text < 16 and string.match(text, '^%d+$') and tonumber(text) or -1
end
local function judge(epoch, number, meant)
  local e, q = tonumber(ARGV[epoch]), tonumber(ARGV[number])
  local rec = redis.pcall('HMGET', KEYS[1], 'e', 'q')
  -- A key of another type is no record.
  if rec.err then
    if not string.find(rec.err, 'WRONGTYPE', 1, true) then return rec end
    redis.call('DEL', KEYS[1])
    rec = {}
  end
  local re, rq = place(rec[1]), place(rec[2])
  if rq < 0 then re = -1 end
  if re == e then
    if q <= rq then
      local kept = redis.call('HGET', KEYS[1], 'v' .. (q % ${VERDICTS_KEPT}))
      local mark = ARGV[number] .. ' '
      if kept and string.sub(kept, 1, #mark) == mark then
        return 'done ' .. whole(now) .. ' ' .. string.sub(kept, #mark + 1)
      end
      return 'done ' .. whole(now) .. ' ?'
    end
    if q == rq + 1 then return nil end
    return 'gap ' .. whole(now) .. ' ' .. whole(re) .. ' ' .. whole(rq)
  end
  if re > e then return 'old ' .. whole(now) .. ' ' .. whole(re) .. ' ' .. whole(rq) end
  if q ~= 1 then return 'gap ' .. whole(now) .. ' ' .. whole(re) .. ' ' .. whole(rq) end
  local id = redis.call('HGET', KEYS[2], 'id')
  if id ~= ARGV[meant] then return 'inc ' .. whole(now) .. ' ' .. (id or '-') end
  return nil
end
`;

/** Lua that says how full a stream is. */
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

/**
 * Adds one batch of a caller: everything it sent in one turn of its loop. Idempotent by (epoch, number).
 *
 * KEYS: caller record, incarnation, reply log, then per section: stream, live:<pattern>.
 * ARGV: epoch, number, version of the content, incarnation, sender's estimate of the time, oldest
 * acceptable age (ms), life of the record (ms) or '' to leave it, backlog cap, log trim id or '', sections; then per
 * section: mode (0 store, 1 fail, 2 grace), wide (0/1), count and its items: two fields, or with
 * wide = 1 the number of strings and the field list.
 *
 * Returns one line: `ok now version tokens…` or `done now version tokens…` (a repeat: nothing added,
 * the verdict as it was), `done now ?` (older than the kept verdicts), `stale now`, `gap now e q`,
 * `old now e q`, `inc now id`. A token per section: `firstId:count`, with `!CODE` behind it when the
 * items after the first `count` were refused; the code `E` with Redis' error behind it, percent-encoded.
 *
 * Failure: an error before the first write changes nothing; after it nothing raises (every call is
 * protected), so a batch is never applied in part without its verdict saying so.
 */
export const enqueueScript = defineScript(
  'enqueue',
  `
${LUA_NOW}
${LUA_ACCEPT}
if now - tonumber(ARGV[5]) > tonumber(ARGV[6]) then return 'stale ' .. whole(now) end
local answer = judge(1, 2, 4)
if answer then return answer end
local cap = tonumber(ARGV[8])

${LUA_BACKLOG}
local function error_of(answer)
  local text = string.sub(answer.err or '', 1, 120)
  return '!E' .. (string.gsub(text, '%W', function(c) return string.format('%%%02X', string.byte(c)) end))
end
local tokens, at = {}, 11
for s = 1, tonumber(ARGV[10]) do
  local stream, live = KEYS[2 + 2 * s], KEYS[3 + 2 * s]
  local mode, wide, n = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  at = at + 3
  local refused, room = '', n
  if mode == '1' then
    local count = redis.pcall('ZCOUNT', live, whole(now), '+inf')
    if type(count) == 'table' then refused = error_of(count) elseif count == 0 then refused = '!NONE' end
  elseif mode == '2' then
    if redis.pcall('EXISTS', live) == 0 then refused = '!NEVER' end
  end
  if refused ~= '' then
    room = 0
  else
    local len = redis.pcall('XLEN', stream)
    if type(len) == 'table' then
      room, refused = 0, error_of(len)
    elseif len + n > cap then
      len = backlog(stream, len)
      if len + n > cap then room, refused = math.max(0, cap - len), '!FULL' end
    end
  end
  local first, added = '-', 0
  -- Redis 7.0 lets its clock run on inside a script, so the ids behind the first keep its time.
  local nextId = '*'
  for i = 1, n do
    local id
    if wide == '0' then
      if i <= room then id = redis.pcall('XADD', stream, nextId, 'c', ARGV[at], 'd', ARGV[at + 1]) end
      at = at + 2
    else
      local strings = tonumber(ARGV[at])
      if i <= room then id = redis.pcall('XADD', stream, nextId, unpack(ARGV, at + 1, at + strings)) end
      at = at + 1 + strings
    end
    if i <= room then
      if type(id) == 'table' then
        room, refused = 0, error_of(id)
      else
        if added == 0 then
          first = id
          nextId = string.match(id, '^%d+%-') .. '*'
        end
        added = added + 1
      end
    end
  end
  tokens[s] = first .. ':' .. added .. refused
end
local verdict = ARGV[3] .. ' ' .. table.concat(tokens, ' ')
-- Memory that is full refuses the first write of a script and no later one: either the first XADD, and
-- then this as well, or nothing.
redis.call('HSET', KEYS[1], 'e', ARGV[1], 'q', ARGV[2], 'v' .. (tonumber(ARGV[2]) % ${VERDICTS_KEPT}), ARGV[2] .. ' ' .. verdict)
if ARGV[7] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[7]) end
if ARGV[9] ~= '' then redis.pcall('XTRIM', KEYS[3], 'MINID', ARGV[9]) end
return 'ok ' .. whole(now) .. ' ' .. verdict
`,
);

/**
 * Closes the number of a batch that cannot pass, so that the numbers behind it can (rule L4). Runs when
 * memory is full.
 *
 * KEYS: caller record, incarnation. ARGV: epoch, number, incarnation, life of the record (ms).
 * Returns as enqueue does; `ok now -` means: nothing of this number was applied, and never will be.
 */
export const closeNumberScript = defineScript(
  'close-number',
  `
${LUA_NOW}
${LUA_ACCEPT}
local answer = judge(1, 2, 3)
if answer then return answer end
redis.call('HSET', KEYS[1], 'e', ARGV[1], 'q', ARGV[2], 'v' .. (tonumber(ARGV[2]) % ${VERDICTS_KEPT}), ARGV[2] .. ' -')
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 'ok ' .. whole(now) .. ' -'
`,
  'allow-oom',
);
