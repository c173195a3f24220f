import type { RawEntry } from '../../../protocol/entry.js';
import type { Keys } from '../../../protocol/keys.js';
import { wordOf } from '../../answer.js';
import { readAnswer } from '../../entries.js';
import type { Link } from '../../link.js';
import { LUA_ANSWER } from '../../lua/answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_IDS } from '../../lua/ids.js';
import { CHECKED, type Answer, type CheckedAnswer, type Owner } from '../../owner.js';
import { defineScript, run } from '../script.js';

/** A request that no group was given yet. */
export interface Unread {
  readonly group: string;
  readonly stream: string;
  readonly id: string;
  readonly answer: Answer;
}

/**
 * Ends a request that no group was given yet, so that it certainly did not run, and tells its caller. `life` is that of
 * the log (ms).
 *
 * Answers 'ok', 'lost' (some group may have been given it, or it is gone), 'missing' or 'fenced'.
 */
export const refuseUnreadScript = defineScript({
  name: 'refuse-unread',
  keys: ['lease', 'stream', 'log'],
  args: ['token', 'group', 'id', 'frame', 'life'],
  flags: 'allow-oom',
  lua: `
${LUA_IDS}
${LUA_ANSWER}
${LUA_FENCE}
local groups, isOurs = redis.pcall('XINFO', 'GROUPS', stream), false
if groups.err then return 'lost' end
for _, g in ipairs(groups) do
  if field(g, 'name') == group then isOurs = true end
  if not before(field(g, 'last-delivered-id'), id) then return 'lost' end
end
if not isOurs or redis.call('XDEL', stream, id) == 0 then return 'lost' end
answer(log, frame, life)
return 'ok'
`,
});

/** Ends such a request. */
export async function refuseUnread(
  link: Link,
  keys: Keys,
  { consumer, token }: Owner,
  { group, stream, id, answer }: Unread,
): Promise<CheckedAnswer> {
  const said = await run(link, refuseUnreadScript, {
    lease: keys.lease(consumer),
    stream: keys.stream(stream),
    log: keys.log(answer.caller),
    token,
    group,
    id,
    frame: answer.frame,
    life: answer.ttlMs,
  });
  return wordOf(said, CHECKED, 'refuse-unread');
}

/** The entry after an id; undefined if there is none. */
export async function entryAfter(
  link: Link,
  keys: Keys,
  stream: string,
  id: string,
): Promise<RawEntry | undefined> {
  const key = keys.stream(stream);
  const entries = await link.command('xrange', [key, `(${id}`, '+', 'COUNT', '1']);
  return readAnswer([[key, entries]])[0]?.entries[0];
}
