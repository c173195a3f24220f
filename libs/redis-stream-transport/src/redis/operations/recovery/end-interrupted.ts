import { wordOf } from '../../answer.js';
import { LUA_ANSWER } from '../../lua/answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_PACKED } from '../../lua/pack.js';
import { CHECKED, type Answer, type CheckedAnswer, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';
import { endableLease } from './interrupted.js';

/**
 * Ends an entry that was started and may not be started again: by a revoked consumer, or by this one if Redis has lost
 * what it did since. The caller is told that it may have run. An event stays in the stream for the other groups. The
 * entry was acknowledged at its start. It is acknowledged once more, because a group that was destroyed and made anew
 * since may have handed it to another consumer, which waits to start it.
 *
 * Of a pack only the note goes, because its calls end one by one: who is told of their marks says that they were
 * interrupted. A pack that is pending under the owner of the note is left for the claim of its entries. Another one becomes
 * pending under this consumer, whose audit finds it: a group that was destroyed and made anew may have given it to a
 * consumer that has let go of it, because it was not its to start.
 *
 * `other` is the lease of the consumer `by`, and must hold `theirs`. `life` is that of the log (ms). Without a `frame`
 * the log is unused, and another key of the script.
 * Answers 'ok', 'lost', 'missing' or 'fenced'.
 */
export const endInterruptedScript = defineScript({
  name: 'end-interrupted',
  keys: ['lease', 'other', 'stream', 'started', 'log'],
  args: ['token', 'consumer', 'by', 'group', 'id', 'frame', 'life', 'theirs'],
  flags: 'allow-oom',
  lua: `
${LUA_ANSWER}
${LUA_PACKED}
${LUA_FENCE}
if redis.call('GET', other) ~= theirs then return 'lost' end
local name = group .. ' ' .. id
if redis.call('HGET', started, name) ~= by then return 'lost' end
redis.call('HDEL', started, name)
local entry = redis.pcall('XRANGE', stream, id, id)[1]
if entry and packed(entry) > 0 then
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if not pending.err and (not pending[1] or pending[1][2] ~= by) then
    redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', 2, 'FORCE', 'JUSTID')
  end
  return 'ok'
end
redis.pcall('XACK', stream, group, id)
if frame ~= '' then
  answer(log, frame, life)
  redis.pcall('XDEL', stream, id)
end
return 'ok'
`,
});

/** The entry that ends. */
export interface InterruptedEnd {
  readonly stream: string;
  readonly id: string;
  /** Undefined for an event. */
  readonly answer: Answer | undefined;
}

export async function endInterrupted(
  { link, keys, group }: GroupPlace,
  owner: Owner,
  by: string,
  { stream, id, answer }: InterruptedEnd,
): Promise<CheckedAnswer> {
  const lease = keys.lease(owner.consumer);
  const ended = await run(link, endInterruptedScript, {
    lease,
    other: keys.lease(by),
    stream: keys.stream(stream),
    started: keys.started(stream),
    log: answer === undefined ? lease : keys.log(answer.caller),
    token: owner.token,
    consumer: owner.consumer,
    by,
    group,
    id,
    frame: answer?.frame ?? '',
    life: answer?.ttlMs ?? 0,
    theirs: endableLease(by, owner),
  });
  return wordOf(ended, CHECKED, 'end-interrupted');
}
