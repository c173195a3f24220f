import { textsOf, unreadable, wordOf } from '../../answer.js';
import { RESULT_LIFE } from '../../lua/results.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Bytes of results in one answer after which the other entries are asked about again. */
const MOST = 1_048_576;
/** Times that an entry is asked about whose record names another stream. */
const TRIES = 3;

export type KeyClaim =
  | { readonly kind: 'run' | 'wait' | 'mismatch' | 'unreadable' }
  | { readonly kind: 'stored'; readonly result: string };

const WAIT: KeyClaim = { kind: 'wait' };
const CLAIMS = [
  ...(['run', 'wait', 'mismatch', 'unreadable'] as const),
  ...(['stored', 'elsewhere', 'later'] as const),
];

/**
 * Asks which entries of a stream with idempotency keys are to run (rule L22): the first of a key runs, those
 * that come while it runs wait for it, and those that come later get its result.
 *
 * "Running" names an entry, or a call of a pack, and counts only while that entry exists and the call has not ended;
 * otherwise the key is free. The entry may be in another stream, where senders do not have the same lanes configured.
 *
 * `record` is that of the key, `digest` that of the payload; `other` is another stream, or the stream again,
 * with their names as `ownName` and `otherName`. The hashes of both with the states of packs come beside them.
 * Answers two texts per entry: `run`, `wait`, `mismatch` (the key belongs to another payload), `unreadable` (the
 * record is not one) or `later` (the answer is long enough), with an empty text; `stored` with the result; or
 * `elsewhere` with a stream: ask again with the stream in which the entry is that the record names.
 */
export const claimKeysScript = defineScript({
  name: 'claim-keys',
  keys: ['own', 'other', 'ownPart', 'otherPart'],
  args: ['ownName', 'otherName'],
  each: { name: 'entries', keys: ['record'], args: ['name', 'digest'] },
  flags: 'allow-oom',
  lua: `
-- Anybody may have written what a record names, so what names no entry is no error.
local function exists(stream, part, entry)
  local id, place = string.match(entry or '', '^(%d+%-%d+)#?(%d*)$')
  local found = id and redis.pcall('XRANGE', stream, id, id)
  if not found or found.err or #found == 0 then return false end
  if place == '' then return true end
  -- A call of a pack may have ended before its entry goes.
  local letters = redis.pcall('HGET', part, id)
  return type(letters) ~= 'string' or string.sub(letters, place + 1, place + 1) ~= 'x'
end
local function claim(record, name, digest)
  local known = redis.pcall('HMGET', record, 'h', 'e', 'r', 's')
  if known.err then
    if string.find(known.err, 'WRONGTYPE', 1, true) then return 'unreadable' end
    return known
  end
  local by = known[2]
  local where = known[4] or ownName
  local isOwn = where == ownName
  local stream = isOwn and own or where == otherName and other
  local part = isOwn and ownPart or otherPart
  if by and not known[3] and not stream then return 'elsewhere', where end
  if known[1] and known[1] ~= digest then
    local over = not known[3] and (not stream or not exists(stream, part, by))
    if not over then return 'mismatch' end
  elseif known[3] then
    return 'stored', known[3]
  elseif by == name and isOwn then
    return 'run'
  elseif by and exists(stream, part, by) then
    return 'wait'
  end
  redis.call('HSET', record, 'h', digest, 'e', name, 's', ownName)
  redis.call('PEXPIRE', record, '${RESULT_LIFE}')
  return 'run'
end
local said, length = {}, 0
for i, entry in ipairs(entries) do
  local word, text = 'later', ''
  if length < ${MOST} then word, text = claim(entry.record, entry.name, entry.digest) end
  if type(word) == 'table' then return word end
  said[2 * i - 1], said[2 * i] = word, text or ''
  length = length + #said[2 * i]
end
return said
`,
});

/** An entry, or a call of a pack, with an idempotency key. */
export interface KeyedEntry {
  readonly pattern: string;
  readonly key: string;
  /** Its entry; of a pack, with its place there: `<id>#<place>`. */
  readonly name: string;
  /** Of the payload: the same key with another payload is a mistake. */
  readonly digest: string;
}

/** What each of some entries of a stream is to do, in their order. */
export async function claimKeys(
  place: GroupPlace,
  stream: string,
  entries: readonly KeyedEntry[],
): Promise<KeyClaim[]> {
  // Who is still asked about at the end waits: others took the key, from one stream and from another.
  const claims = entries.map(() => WAIT);
  let open = new Map([[stream, [...entries.keys()]]]);
  for (let tries = 0; tries < TRIES; tries++) {
    const elsewhere = new Map<string, number[]>();
    for (const [other, positions] of open) {
      const asked = positions.map((at) => entries[at] as KeyedEntry);
      const answers = await ask(place, { own: stream, other }, asked);
      for (const [i, at] of positions.entries()) {
        const { kind, text } = answers[i] as Answered;
        if (kind !== 'elsewhere')
          claims[at] = kind === 'stored' ? { kind, result: text } : { kind };
        else elsewhere.set(text, [...(elsewhere.get(text) ?? []), at]);
      }
    }
    open = elsewhere;
  }
  return claims;
}

interface Answered {
  readonly kind: Exclude<(typeof CLAIMS)[number], 'later'>;
  readonly text: string;
}

/** One answer per entry, from one script unless the results are long. */
async function ask(
  { link, keys, group }: GroupPlace,
  streams: { readonly own: string; readonly other: string },
  entries: readonly KeyedEntry[],
): Promise<Answered[]> {
  const answers: Answered[] = [];
  while (answers.length < entries.length) {
    const asked = entries.slice(answers.length);
    const said = await run(link, claimKeysScript, {
      own: keys.stream(streams.own),
      other: keys.stream(streams.other),
      ownPart: keys.part(streams.own),
      otherPart: keys.part(streams.other),
      ownName: streams.own,
      otherName: streams.other,
      entries: asked.map(({ pattern, key, name, digest }) => ({
        record: keys.idempotency(group, pattern, key),
        name,
        digest,
      })),
    });
    const texts = textsOf(said, 'claim-keys');
    if (texts.length !== 2 * asked.length) throw unreadable('claim-keys');
    for (let i = 0; i < texts.length; i += 2) {
      const kind = wordOf(texts[i], CLAIMS, 'claim-keys');
      // The first entry has an answer each time, so this comes to an end.
      if (kind === 'later' && i === 0) throw unreadable('claim-keys');
      if (kind === 'later') break;
      answers.push({ kind, text: texts[i + 1] as string });
    }
  }
  return answers;
}
