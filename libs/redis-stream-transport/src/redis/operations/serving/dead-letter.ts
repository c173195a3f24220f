import { textOf, wordOf } from '../../answer.js';
import { LUA_ANSWER } from '../../lua/answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_FINISH } from '../../lua/finish.js';
import { LUA_ROOM } from '../../lua/room.js';
import { LUA_RESULTS } from '../../lua/results.js';
import { LUA_PACK, LUA_PLACE, PLACE_ARGS, placeArgs, type PackPlace } from '../../lua/pack.js';
import { CHECKED, type Answer, type CheckedAnswer, type Owner } from '../../owner.js';
import type { ServicePlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** An entry on its way to the dead letters of its group. */
export interface DeadEntry {
  readonly stream: string;
  readonly id: string;
  readonly pack?: PackPlace | undefined;
  /** No other group needs the entry. */
  readonly drop: boolean;
  readonly answer: Answer | undefined;
  /** The idempotency key under which it may have run. */
  readonly key: { readonly pattern: string; readonly key: string } | undefined;
  /** How many dead letters are kept. */
  readonly kept: number;
  /** Fields of the letter. */
  readonly fields: readonly string[];
}

/**
 * Moves an entry to the dead letters of its group and tells its caller. An entry that may be started only once was
 * acknowledged at its start, and is found by its note. An idempotency key under which the entry ran is free again.
 *
 * Without a caller `log` is the lease again, and without a key so is `keyRecord`. `life` is that of the log (ms). `lost` is
 * written instead of a `frame` that the log has no room for.
 * Answers 'ok' and the id of the letter, 'lost', 'missing' or 'fenced'.
 */
export const deadLetterScript = defineScript({
  name: 'dead-letter',
  keys: ['lease', 'stream', 'due', 'dead', 'log', 'started', 'keyRecord', 'part'],
  args: [
    ...(['token', 'group', 'consumer', 'id'] as const),
    ...PLACE_ARGS,
    ...(['drop', 'frame', 'lost', 'life', 'kept', '...fields'] as const),
  ],
  lua: `
${LUA_ANSWER}
${LUA_PACK}
${LUA_PLACE}
${LUA_FINISH}
${LUA_RESULTS}
${LUA_FENCE}
if isOver then return 'lost' end
local start = group .. ' ' .. id
if redis.pcall('HGET', started, start) ~= consumer then
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if pending.err or not pending[1] or pending[1][2] ~= consumer then return 'lost' end
end
local letter = redis.call('XADD', dead, 'MAXLEN', '~', kept, '*', unpack(fields))
-- From here on nothing raises: a repeat would write another letter.
if frame ~= '' then
${LUA_ROOM}
  answer(log, frame, life)
end
if keyRecord ~= lease then keep(keyRecord, name, '-') end
if finish(drop == '1') then redis.pcall('HDEL', started, start) end
return 'ok ' .. letter
`,
});

/** @param told is called with the id of the letter */
export async function deadLetter(
  { link, keys, group, service }: ServicePlace,
  { consumer, token }: Owner,
  { stream, id, pack, answer, key, drop, kept, fields }: DeadEntry,
  told?: (letter: string) => void,
): Promise<CheckedAnswer> {
  const lease = keys.lease(consumer);
  const text = await run(link, deadLetterScript, {
    lease,
    stream: keys.stream(stream),
    due: keys.due(stream),
    dead: keys.dead(service),
    log: answer === undefined ? lease : keys.log(answer.caller),
    started: keys.started(stream),
    keyRecord: key === undefined ? lease : keys.idempotency(group, key.pattern, key.key),
    part: keys.part(stream),
    ...placeArgs(pack),
    token,
    group,
    consumer,
    id,
    drop,
    frame: answer?.frame ?? '',
    lost: answer?.lost ?? '',
    life: answer?.ttlMs ?? 0,
    kept,
    fields,
  });
  const [word, letter] = textOf(text, 'dead-letter').split(' ');
  const kind = wordOf(word, CHECKED, 'dead-letter');
  if (letter !== undefined) told?.(letter);
  return kind;
}
