/** How many verdicts a caller record keeps, and how many batches may be unresolved (rule L2). */
export const VERDICTS_KEPT = 8;

/** Milliseconds for which a caller record is kept after its last batch. */
export const RECORD_LIFE = 600_000;

/** Lua that refuses a batch which is older than `maxAge` (ms) by its `stamp` (rule L3). Needs LUA_NOW. */
export const LUA_BATCH_AGE = `
if now - tonumber(stamp) > tonumber(maxAge) then return 'stale ' .. whole(now) end
`;

/** Lua: `place(text)` is an epoch or a number of the record; -1 for what is none. */
const LUA_RECORDED = `
-- Anybody may have written into the record: what is no number of ours is missing.
local function place(text)
  return text and #text < 16 and string.match(text, '^%d+$') and tonumber(text) or -1
end
`;

/**
 * Lua that ends the script unless the record holds `epoch` and `before`, the number before the batch's. It answers `gap`,
 * whatever the record holds: the sender repeats the batch, and `judge()` decides. Needs LUA_NOW and `record`.
 */
export const LUA_NEXT_NUMBER = `
local rec = redis.pcall('HMGET', record, 'e', 'q')
if rec[1] ~= epoch or rec[2] ~= before then
  if rec.err and not string.find(rec.err, 'WRONGTYPE', 1, true) then return rec end
  ${LUA_RECORDED}
  return 'gap ' .. whole(now) .. ' ' .. whole(place(rec[1])) .. ' ' .. whole(place(rec[2]))
end
`;

/** Field of a record with the verdict about a batch. */
export const verdictField = (number: number): string => `v${number % VERDICTS_KEPT}`;

/**
 * Lua: `judge()` decides whether the batch `number` of `epoch` may be applied (rule L1). It returns nil if it may, else
 * the answer. `remember(verdict)` writes a verdict into the record. Needs LUA_NOW, `record`, `incarnation`, `epoch`,
 * `number` and `meant`, the incarnation that the batch is meant for.
 *
 * The counters belong to one client instance and shard. A batch is accepted if the record holds its epoch and the
 * number before it, or if it opens a new epoch and was meant for this memory. Anything else is a repeat, or is
 * refused with what the record holds. A lower epoch is refused for ever.
 */
export const LUA_CALLER_RECORD = `
${LUA_RECORDED}
local function judge()
  local e, q = tonumber(epoch), tonumber(number)
  local rec = redis.pcall('HMGET', record, 'e', 'q')
  -- A key of another type is no record.
  if rec.err then
    if not string.find(rec.err, 'WRONGTYPE', 1, true) then return rec end
    redis.call('DEL', record)
    rec = {}
  end
  local re, rq = place(rec[1]), place(rec[2])
  if rq < 0 then re = -1 end
  if re == e then
    if q <= rq then
      local kept = redis.call('HGET', record, 'v' .. (q % ${VERDICTS_KEPT}))
      local mark = number .. ' '
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
  local id = redis.call('HGET', incarnation, 'id')
  if id ~= meant then return 'inc ' .. whole(now) .. ' ' .. (id or '-') end
  return nil
end
local function remember(verdict)
  local field = 'v' .. (tonumber(number) % ${VERDICTS_KEPT})
  redis.call('HSET', record, 'e', epoch, 'q', number, field, number .. ' ' .. verdict)
end
`;
