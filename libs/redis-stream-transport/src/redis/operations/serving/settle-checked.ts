import { wordOf } from '../../answer.js';
import { LUA_ANSWER } from '../../lua/answer.js';
import { LUA_DELIVERED } from '../../lua/delivered.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_FINISH } from '../../lua/finish.js';
import { LUA_IDS } from '../../lua/ids.js';
import { LUA_ROOM } from '../../lua/room.js';
import { LUA_RESULTS } from '../../lua/results.js';
import { endedRecord } from '../../../protocol/result-record.js';
import { LUA_PACK, LUA_PLACE, PLACE_ARGS, placeArgs, type PackPlace } from '../../lua/pack.js';
import { CHECKED, type Answer, type CheckedAnswer, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** The result that is stored under an idempotency key when its entry is settled. */
export interface KeyedResult {
  readonly pattern: string;
  readonly key: string;
  /** Of the payload. */
  readonly digest: string;
  /** Undefined: nothing is stored, and the next entry with the key runs. */
  readonly result: string | undefined;
}

/**
 * Settles one entry and checks its owner (rule L11): for repeats after a lost answer, for entries that were read before
 * the latest reconnect, and after a missing lease. XACK alone checks no owner.
 *
 * The entry is settled if it is pending under the consumer; or pending nowhere, but still in the stream; or if it
 * exists nowhere and the incarnation changed since it was read. Otherwise it belongs to another consumer. A call of a pack
 * that has ended is over, whichever consumer its entry belongs to. A pack of events that the group was handed and nobody has pending
 * has ended in it, although its entry is there: what was noted of it would stay for as long as that.
 *
 * `log` is unused without a `frame`, and `keyRecord` without a `result`: they are then another key of the script.
 * `lost` is written instead of a `frame` that the log has no room for.
 * `since` is the incarnation at the read, `drop` says whether to delete, `life` is that of the log (ms). `result` is
 * the record to write of the key, '' for none, '-' to free the key.
 * Answers `ok`, `lost`, `missing` or `fenced`.
 */
export const settleCheckedScript = defineScript({
  name: 'settle-checked',
  keys: ['lease', 'incarnation', 'stream', 'due', 'started', 'keyRecord', 'log', 'part'],
  args: [
    ...(['token', 'group', 'consumer', 'id'] as const),
    ...(['since', 'drop', 'frame', 'lost', 'life', 'result'] as const),
    ...PLACE_ARGS,
  ],
  flags: 'allow-oom',
  lua: `
${LUA_IDS}
${LUA_DELIVERED}
${LUA_ANSWER}
${LUA_PACK}
${LUA_PLACE}
${LUA_FINISH}
${LUA_RESULTS}
${LUA_FENCE}
if isOver then return 'lost' end
local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
local owner = not pending.err and pending[1] and pending[1][2]
-- What may be started once only was noted at its start, and is of whom started it, whoever was given it since.
local start = group .. ' ' .. id
local starter = redis.pcall('HGET', started, start)
if type(starter) == 'string' then owner = starter end
local hasEnded = false
if owner ~= consumer then
  if owner then return 'lost' end
  local entry = redis.pcall('XRANGE', stream, id, id)
  if #entry == 0 and redis.call('HGET', incarnation, 'id') == since then return 'lost' end
  local last = shared == '1' and delivered(stream, group)
  hasEnded = last and not before(last, id)
end
if frame ~= '' then
${LUA_ROOM}
  answer(log, frame, life)
end
-- After the answer nothing raises: a repeat would answer again.
if result ~= '' then keep(keyRecord, name, result) end
if hasEnded then return 'ok' end
if finish(drop == '1') then redis.pcall('HDEL', started, start) end
return 'ok'
`,
});

/** How one entry ended. */
export interface CheckedSettlement {
  readonly stream: string;
  readonly id: string;
  /** The incarnation at the read. */
  readonly incarnation: string;
  /** No other group needs the entry. */
  readonly drop: boolean;
  readonly answer: Answer | undefined;
  readonly keyed?: KeyedResult;
  readonly pack?: PackPlace | undefined;
}

const recordOf = ({ digest, result }: KeyedResult): string =>
  result === undefined ? '-' : endedRecord(digest, result);

export async function settleChecked(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  { stream, id, incarnation, drop, answer, keyed, pack }: CheckedSettlement,
): Promise<CheckedAnswer> {
  const unused = keys.incarnation();
  const settled = await run(link, settleCheckedScript, {
    lease: keys.lease(consumer),
    incarnation: keys.incarnation(),
    stream: keys.stream(stream),
    due: keys.due(stream),
    started: keys.started(stream),
    keyRecord: keyed === undefined ? unused : keys.idempotency(group, keyed.pattern, keyed.key),
    log: answer === undefined ? unused : keys.log(answer.caller),
    part: keys.part(stream),
    ...placeArgs(pack),
    token,
    group,
    consumer,
    id,
    since: incarnation,
    drop,
    frame: answer?.frame ?? '',
    lost: answer?.lost ?? '',
    life: answer?.ttlMs ?? 0,
    result: keyed === undefined ? '' : recordOf(keyed),
  });
  return wordOf(settled, CHECKED, 'settle-checked');
}
