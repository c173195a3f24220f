import { parseHeader, type Header } from '../../../protocol/header.js';
import { textsOf } from '../../answer.js';
import { TOMBSTONE } from '../../lua/fence.js';
import { LUA_IDS } from '../../lua/ids.js';
import type { Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** An entry that was started and may not be started again. */
export interface InterruptedEntry {
  readonly id: string;
  /** Undefined if the entry is gone or its header cannot be read. */
  readonly header: Header | undefined;
}

/**
 * Lists entries that the consumer `by` has started and not finished. It is a revoked one, or the one that asks. `lease`
 * is the lease of `by`, and must hold `held`.
 *
 * Answers { 'alive' } or { 'ok', id, header or '' … }.
 */
export const interruptedScript = defineScript({
  name: 'interrupted',
  keys: ['lease', 'stream', 'started'],
  args: ['by', 'group', 'held'],
  lua: `
${LUA_IDS}
if redis.call('GET', lease) ~= held then return { 'alive' } end
local answer = { 'ok' }
local notes = redis.pcall('HGETALL', started)
for i = 1, #notes, 2 do
  local of, id = string.match(notes[i], '^(%S+) (%d+%-%d+)$')
  if notes[i + 1] == by and of == group then
    local entry = redis.pcall('XRANGE', stream, id, id)[1]
    answer[#answer + 1] = id
    answer[#answer + 1] = entry and field(entry[2], 'c') or ''
  end
end
return answer
`,
});

/** What `by` has started and not finished; nothing unless it is revoked or the owner itself. */
export async function interrupted(
  { link, keys, group }: GroupPlace,
  owner: Owner,
  by: string,
  stream: string,
): Promise<InterruptedEntry[]> {
  const answer = await run(link, interruptedScript, {
    lease: keys.lease(by),
    stream: keys.stream(stream),
    started: keys.started(stream),
    by,
    group,
    held: endableLease(by, owner),
  });
  const [kind, ...pairs] = textsOf(answer, 'interrupted');
  const entries: InterruptedEntry[] = [];
  if (kind !== 'ok') return entries;
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const header = parseHeader(pairs[i + 1] as string);
    entries.push({
      id: pairs[i] as string,
      header: typeof header === 'string' ? undefined : header,
    });
  }
  return entries;
}

/**
 * What the lease of a consumer must hold before its starts may be ended: the tombstone; the token, if it is the owner.
 */
export function endableLease(consumer: string, owner: Owner): string {
  return consumer === owner.consumer ? owner.token : TOMBSTONE;
}
