import { defineScript } from '../script.js';

/**
 * Asks whether an entry with an idempotency key is to run (rule L22): the first runs, those that come
 * while it runs wait for it, and those that come later get its result.
 *
 * "Running" names an entry and counts only while that entry exists; otherwise the key is free.
 *
 * KEYS: stream, key record. ARGV: id, digest of the payload, life of the record (ms).
 * Returns { 'run' }, { 'wait' }, { 'mismatch' } (the key belongs to another payload) or
 * { 'stored', result }.
 */
export const claimKeyScript = defineScript(
  'claim-key',
  `
local known = redis.call('HMGET', KEYS[2], 'h', 'e', 'r')
if known[1] and known[1] ~= ARGV[2] then
  local over = not known[3] and #redis.call('XRANGE', KEYS[1], known[2], known[2]) == 0
  if not over then return { 'mismatch' } end
elseif known[3] then
  return { 'stored', known[3] }
elseif known[2] == ARGV[1] then
  return { 'run' }
elseif known[2] and #redis.call('XRANGE', KEYS[1], known[2], known[2]) == 1 then
  return { 'wait' }
end
redis.call('HSET', KEYS[2], 'h', ARGV[2], 'e', ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return { 'run' }
`,
);
