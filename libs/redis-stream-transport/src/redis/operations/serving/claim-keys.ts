import { textsOf, unreadable, wordOf } from '../../answer.js';
import { RESULT_LIFE, runningRecord } from '../../../protocol/result-record.js';
import type { GroupPlace } from '../place.js';
import { defineScript, send, type Line } from '../script.js';

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
 * `other` is another stream, or the stream again, with their names as `ownName` and `otherName`. The hashes of both
 * with the states of packs come beside them. For each entry follow the key of its record, and the record that says
 * that it runs (`runningRecord`, with a digest of the payload).
 * Answers two texts per entry: `run`, `wait`, `mismatch` (the key belongs to another payload), `unreadable` (the
 * record is not one) or `later` (the answer is long enough), with an empty text; `stored` with the result; or
 * `elsewhere` with a stream: ask again with the stream in which the entry is that the record names. Where all of several
 * entries are to run, it answers `run` alone: this is usual, and to make and read two texts for each costs as much as claiming it.
 */
export const claimKeysScript = defineScript({
  name: 'claim-keys',
  keys: ['own', 'other', 'ownPart', 'otherPart'],
  args: ['ownName', 'otherName'],
  flags: 'allow-oom',
  lua: `
-- Anybody may have written what a record names, so what names no entry is no error.
local function exists(stream, part, entry)
  local id, place = string.match(entry, '^(%d+%-%d+)#?(%d*)$')
  local found = id and redis.pcall('XRANGE', stream, id, id)
  if not found or found.err or #found == 0 then return false end
  if place == '' then return true end
  -- A call of a pack may have ended before its entry goes.
  local letters = redis.pcall('HGET', part, id)
  return type(letters) ~= 'string' or string.sub(letters, place + 1, place + 1) ~= 'x'
end
local function claim(record, mine)
  local known = redis.pcall('SET', record, mine, 'NX', 'GET', 'PX', '${RESULT_LIFE}')
  if not known or known == mine then return 'run' end
  if type(known) == 'table' then
    if string.find(known.err, 'WRONGTYPE', 1, true) then return 'unreadable' end
    return known
  end
  local state, digest, rest = string.match(known, '^([.=])([^ @]*)%S* (.*)$')
  if not state then return 'unreadable' end
  local isSame = digest == string.match(mine, '^.(%S*)')
  if state == '=' then
    if isSame then return 'stored', rest end
    return 'mismatch'
  end
  local by, where = string.match(rest, '^(%S+) (.+)$')
  if by then
    local stream, part = own, ownPart
    if where ~= ownName then stream, part = where == otherName and other, otherPart end
    if not stream then return 'elsewhere', where end
    if exists(stream, part, by) then
      if isSame then return 'wait' end
      return 'mismatch'
    end
  end
  redis.call('SET', record, mine, 'PX', '${RESULT_LIFE}')
  return 'run'
end
local said, length, runs = {}, 0, 0
for i = 5, #KEYS do
  local word, text = 'later', ''
  if length < ${MOST} then word, text = claim(KEYS[i], ARGV[i - 2]) end
  if type(word) == 'table' then return word end
  local at = 2 * i - 9
  said[at], said[at + 1] = word, text or ''
  length = length + #said[at + 1]
  if word == 'run' then runs = runs + 1 end
end
if runs > 1 and runs == #KEYS - 4 then return 'run' end
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

const RUNS: Answered = { kind: 'run', text: '' };

/**
 * One answer per entry, from one script unless the results are long. Runs for every turn with such entries, so the line
 * is written in place, without objects with names.
 */
async function ask(
  { link, keys, group }: GroupPlace,
  streams: { readonly own: string; readonly other: string },
  entries: readonly KeyedEntry[],
): Promise<Answered[]> {
  const answers: Answered[] = [];
  while (answers.length < entries.length) {
    const asked = entries.slice(answers.length);
    const line: Line<typeof claimKeysScript> = [
      claimKeysScript.sha,
      String(4 + asked.length),
      keys.stream(streams.own),
      keys.stream(streams.other),
      keys.part(streams.own),
      keys.part(streams.other),
    ];
    for (const { pattern, key } of asked) line.push(keys.idempotency(group, pattern, key));
    line.push(streams.own, streams.other);
    for (const { name, digest } of asked) line.push(runningRecord(digest, name, streams.own));
    const said = await send(link, claimKeysScript, line);
    if (said === 'run') {
      for (let i = 0; i < asked.length; i++) answers.push(RUNS);
      return answers;
    }
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
