/** Milliseconds for which the result of an idempotency key is kept: a day, as payment providers do. */
export const RESULT_LIFE = 86_400_000;

/**
 * Lua: `keep(record, name, result)` writes the result of an entry, or of a call of a pack, into the record of its
 * idempotency key; '-' gives the key up. Nothing changes if the key is another one's by now. The first result stays: it is
 * the one that the caller has seen. Nothing raises: when this runs, the answer is written.
 */
export const LUA_RESULTS = `
local function keep(record, name, result)
  local known = redis.pcall('HMGET', record, 'e', 'r')
  if known.err or known[1] ~= name or known[2] then return end
  if result == '-' then
    redis.pcall('DEL', record)
  else
    redis.pcall('HSET', record, 'r', result)
    redis.pcall('PEXPIRE', record, '${RESULT_LIFE}')
  end
end
`;
