import { textOr, textsOf, wordOf } from '../../answer.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Milliseconds for which the result of an idempotency key is kept: a day, as payment providers do. */
export const RESULT_LIFE = 86_400_000;

export type KeyClaim =
  | { readonly kind: 'run' | 'wait' | 'mismatch' | 'unreadable' }
  | { readonly kind: 'stored'; readonly result: string };

const CLAIMS = ['run', 'wait', 'mismatch', 'unreadable', 'stored', 'elsewhere'] as const;

/**
 * Asks whether an entry with an idempotency key is to run (rule L22): the first runs, those that come
 * while it runs wait for it, and those that come later get its result.
 *
 * "Running" names an entry and counts only while that entry exists; otherwise the key is free. The entry
 * may be in another stream, where senders do not have the same lanes configured.
 *
 * `record` is that of the key, `life` its life (ms), `digest` that of the payload; `other` is another stream,
 * or the stream again, with their names as `ownName` and `otherName`.
 * Answers { 'run' }, { 'wait' }, { 'mismatch' } (the key belongs to another payload), { 'unreadable' } (the
 * record is not one), { 'stored', result }, or { 'elsewhere', stream }: ask again with the stream in which
 * the entry is that the record names.
 */
export const claimKeyScript = defineScript({
  name: 'claim-key',
  keys: ['own', 'record', 'other'],
  args: ['id', 'digest', 'life', 'ownName', 'otherName'],
  flags: 'allow-oom',
  lua: `
local known = redis.pcall('HMGET', record, 'h', 'e', 'r', 's')
if known.err then
  if string.find(known.err, 'WRONGTYPE', 1, true) then return { 'unreadable' } end
  return known
end
local where = known[4] or ownName
local stream = where == ownName and own or where == otherName and other
if known[2] and not known[3] and not stream then return { 'elsewhere', where } end
-- Anybody may have written there, so what names no entry is no error.
local function exists(entry)
  local found = redis.pcall('XRANGE', stream, entry or '', entry or '')
  return not found.err and #found == 1
end
if known[1] and known[1] ~= digest then
  local over = not known[3] and (not stream or not exists(known[2]))
  if not over then return { 'mismatch' } end
elseif known[3] then
  return { 'stored', known[3] }
elseif known[2] == id and where == ownName then
  return { 'run' }
elseif known[2] and exists(known[2]) then
  return { 'wait' }
end
redis.call('HSET', record, 'h', digest, 'e', id, 's', ownName)
redis.call('PEXPIRE', record, life)
return { 'run' }
`,
});

/** An entry with an idempotency key. */
export interface KeyedEntry {
  readonly stream: string;
  readonly pattern: string;
  readonly key: string;
  readonly id: string;
  /** Of the payload: the same key with another payload is a mistake. */
  readonly digest: string;
}

export async function claimKey(
  { link, keys, group }: GroupPlace,
  { stream, pattern, key, id, digest }: KeyedEntry,
): Promise<KeyClaim> {
  let other = stream;
  for (let tries = 0; tries < 3; tries++) {
    const answer = await run(link, claimKeyScript, {
      own: keys.stream(stream),
      record: keys.idempotency(group, pattern, key),
      other: keys.stream(other),
      id,
      digest,
      life: RESULT_LIFE,
      ownName: stream,
      otherName: other,
    });
    const [word, said] = textsOf(answer, 'claim-key');
    const kind = wordOf(word, CLAIMS, 'claim-key');
    if (kind === 'stored') return { kind, result: textOr(said, '') };
    if (kind !== 'elsewhere') return { kind };
    other = textOr(said, stream);
  }
  // Others took it meanwhile, from one stream and from another.
  return { kind: 'wait' };
}
