import { defineScript } from '../script.js';

/**
 * What Redis lists as pending under a consumer.
 * KEYS: streams. ARGV: group, consumer, ids per stream at most, then per stream the id to begin with (`-`:
 * the first; `(id`: the one behind). Returns per stream the list of ids, or
 * false when the group is missing.
 */
export const snapshotScript = defineScript(
  'snapshot',
  `
local answer = {}
for i, stream in ipairs(KEYS) do
  local pending = redis.pcall('XPENDING', stream, ARGV[1], ARGV[3 + i], '+', ARGV[3], ARGV[2])
  local ids = false
  if not pending.err then
    ids = {}
    for n, p in ipairs(pending) do ids[n] = p[1] end
  end
  answer[i] = ids
end
return answer
`,
);

/**
 * Fetches, by id, entries that are still pending under me: reads whose answer was lost (rule L10).
 * Pending without a body is acknowledged: there is nothing left to run.
 *
 * KEYS: lease, stream, due:<stream>. ARGV: token, group, consumer, ids…
 * Returns { 'fenced' } or { 'ok', entries, deliveries, notes }.
 */
export const fetchScript = defineScript(
  'fetch',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { 'fenced' } end
local entries, deliveries, notes = {}, {}, {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local pending = redis.pcall('XPENDING', KEYS[2], ARGV[2], id, id, 1, ARGV[3])
  if not pending.err and #pending == 1 then
    local found = redis.call('XRANGE', KEYS[2], id, id)
    if #found == 1 then
      local n = #entries + 1
      entries[n] = found[1]
      deliveries[n] = string.format('%.0f', pending[1][4])
      local note = redis.pcall('HGET', KEYS[3], ARGV[2] .. ' ' .. id)
      notes[n] = type(note) == 'string' and note or ''
    else
      redis.call('XACK', KEYS[2], ARGV[2], id)
      redis.pcall('HDEL', KEYS[3], ARGV[2] .. ' ' .. id)
    end
  end
end
return { 'ok', entries, deliveries, notes }
`,
  'allow-oom',
);
