import { defineScript } from '../script.js';

/**
 * Asks whether an entry with an idempotency key is to run (rule L22): the first runs, those that come
 * while it runs wait for it, and those that come later get its result.
 *
 * "Running" names an entry and counts only while that entry exists; otherwise the key is free. The entry
 * may be in another stream, where senders do not have the same lanes configured.
 *
 * KEYS: stream, key record, another stream (or the stream again). ARGV: id, digest of the payload, life of
 * the record (ms), names of the streams.
 * Returns { 'run' }, { 'wait' }, { 'mismatch' } (the key belongs to another payload), { 'unreadable' } (the
 * record is not one), { 'stored', result }, or { 'elsewhere', stream }: ask again with the stream in which
 * the entry is that the record names.
 */
export const claimKeyScript = defineScript(
  'claim-key',
  `
local known = redis.pcall('HMGET', KEYS[2], 'h', 'e', 'r', 's')
if known.err then
  if string.find(known.err, 'WRONGTYPE', 1, true) then return { 'unreadable' } end
  return known
end
local where = known[4] or ARGV[4]
local stream = where == ARGV[4] and KEYS[1] or where == ARGV[5] and KEYS[3]
if known[2] and not known[3] and not stream then return { 'elsewhere', where } end
-- Anybody may have written there, so what names no entry is no error.
local function exists(id)
  local found = redis.pcall('XRANGE', stream, id or '', id or '')
  return not found.err and #found == 1
end
if known[1] and known[1] ~= ARGV[2] then
  local over = not known[3] and (not stream or not exists(known[2]))
  if not over then return { 'mismatch' } end
elseif known[3] then
  return { 'stored', known[3] }
elseif known[2] == ARGV[1] and where == ARGV[4] then
  return { 'run' }
elseif known[2] and exists(known[2]) then
  return { 'wait' }
end
redis.call('HSET', KEYS[2], 'h', ARGV[2], 'e', ARGV[1], 's', ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return { 'run' }
`,
  'allow-oom',
);
