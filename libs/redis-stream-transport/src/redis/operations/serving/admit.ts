import { textsOf, unreadable } from '../../answer.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** A sealed message, and the entry that brought it. */
export interface Arrival {
  /** Its entry, or call of a pack. */
  readonly name: string;
  /** Id of the message. */
  readonly message: string;
  /** Milliseconds for which another entry with it is a repetition. */
  readonly rememberMs: number;
}

/**
 * Asks whether sealed messages came for the first time. The first entry of a message notes itself, and is
 * the only one that may run, as often as it is handed out. For each one follow the key of the note, the entry with its
 * stream, and the life of the note in milliseconds.
 * Answers for each `1`: it may run, or `0`: another entry brought the message before.
 */
export const admitScript = defineScript({
  name: 'admit',
  keys: [],
  args: [],
  each: { name: 'arrivals', keys: ['note'], args: ['entry', 'life'] },
  flags: 'allow-oom',
  lua: `
local said = {}
for i, arrival in ipairs(arrivals) do
  local known = redis.pcall('SET', arrival.note, arrival.entry, 'NX', 'GET', 'PX', arrival.life)
  if type(known) == 'table' and not string.find(known.err, 'WRONGTYPE', 1, true) then return known end
  said[i] = (not known or known == arrival.entry) and '1' or '0'
end
return said
`,
});

/** Whether each may run, in their order. */
export async function admit(
  { link, keys, group }: GroupPlace,
  stream: string,
  arrivals: readonly Arrival[],
): Promise<boolean[]> {
  const given = arrivals.map(({ name, message, rememberMs }) => ({
    note: keys.seen(group, message),
    entry: `${name} ${stream}`,
    life: rememberMs,
  }));
  const said = textsOf(await run(link, admitScript, { arrivals: given }), 'admit');
  if (said.length !== arrivals.length) throw unreadable('admit');
  return said.map((word) => word === '1');
}
