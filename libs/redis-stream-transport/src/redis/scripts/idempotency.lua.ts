import { defineScript } from '../script.js';

/**
 * Asks whether an entry with an idempotency key is to run (rule L22): the first runs, those that come
 * while it runs wait for it, and those that come later get its result.
 *
 * "Running" names an entry and counts only while that entry exists; otherwise the key is free.
 *
 * KEYS: stream, key record. ARGV: id, digest of the payload, life of the record (ms).
 * Returns { 'run' }, { 'wait' }, { 'mismatch' } (the key belongs to another payload), { 'unreadable' } (the
 * record is not one) or { 'stored', result }.
 */
export const claimKeyScript = defineScript(
  'claim-key',
  `
-- Anybody may have written there, so what names no entry is no error.
local function exists(id)
  local found = redis.pcall('XRANGE', KEYS[1], id or '', id or '')
  return not found.err and #found == 1
end
local known = redis.pcall('HMGET', KEYS[2], 'h', 'e', 'r')
if known.err then
  if string.find(known.err, 'WRONGTYPE', 1, true) then return { 'unreadable' } end
  return known
end
if known[1] and known[1] ~= ARGV[2] then
  local over = not known[3] and not exists(known[2])
  if not over then return { 'mismatch' } end
elseif known[3] then
  return { 'stored', known[3] }
elseif known[2] == ARGV[1] then
  return { 'run' }
elseif known[2] and exists(known[2]) then
  return { 'wait' }
end
redis.call('HSET', KEYS[2], 'h', ARGV[2], 'e', ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return { 'run' }
`,
);
