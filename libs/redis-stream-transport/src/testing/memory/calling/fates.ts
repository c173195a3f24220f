import { decideScript } from '../../../redis/operations/calling/decide.js';
import { reAskScript } from '../../../redis/operations/calling/re-ask.js';
import { before, millisOf, ZERO } from '../entry-ids.js';
import { lookUpTo, renewed } from '../incarnation.js';
import { operation } from '../operation.js';
import { letterOf, merged, only } from '../packs.js';
import type { Store } from '../store.js';

/** A missing group counts if it was seen no longer than this before the entry came, in milliseconds. */
const SEEN_WITHIN = 86_400_000;

interface Doubted {
  readonly stream: string;
  readonly part: string;
  readonly entry: string;
  readonly size: string;
  readonly place: string;
}

/** Whether an entry, or the call of a pack, is no longer there. */
function isGone(store: Store, { stream, part, entry, size, place }: Doubted): boolean {
  if (store.entry(stream, entry) === undefined) return true;
  const pack = { part, note: entry, size: Number(size) };
  return pack.size > 0 && letterOf(store, pack, Number(place)) === 'x';
}

/** Whether a group that was there when the entry came is missing now. */
function isLost(store: Store, registry: string, present: ReadonlySet<string>, entry: string) {
  return [...store.hash(registry)].some(([name, value]) => {
    const seen = Number(/^(\d+) /.exec(value)?.[1] ?? 0);
    return !present.has(name) && seen + SEEN_WITHIN > millisOf(entry);
  });
}

/** Decides what becomes of calls that are given up. */
export const decide = operation(decideScript, (store, { incarnation, log, fresh, calls }) => {
  const [id] = renewed(store, incarnation, fresh);
  const answer = [String(store.now), id, store.stream(log)?.last ?? ZERO];
  for (const call of calls) {
    const { stream: key, entry, part } = call;
    if (isGone(store, call)) {
      answer.push('gone');
      continue;
    }
    const stream = store.streamMade(key);
    let [owner, isDelivered] = ['-', false];
    for (const group of stream.groups.values()) {
      if (before(group.last, entry)) continue;
      isDelivered = true;
      const started = store.field(call.started, `${group.name} ${entry}`);
      owner = group.ownerOf(entry) ?? started ?? owner;
    }
    if (isDelivered || isLost(store, call.groups, new Set(stream.groups.keys()), entry)) {
      answer.push(`may ${owner}`);
      continue;
    }
    const [size, place] = [Number(call.size), Number(call.place)];
    if (size > 0) lookUpTo(store, incarnation, entry);
    if (size === 0 || merged(store, { part, note: entry, size }, only(size, place, 'x')))
      stream.delete(entry);
    answer.push('not-run');
  }
  return answer;
});

/** Says what is known of calls that have waited for some time. */
export const reAsk = operation(reAskScript, (store, { incarnation, log, fresh, life, calls }) => {
  const [id, born] = renewed(store, incarnation, fresh);
  const last = store.stream(log)?.last ?? '';
  store.extend(log, Number(life));
  const flags = calls.map((call) => {
    if (!isGone(store, call)) return '1';
    const members = store.membersFrom(call.live, 0, true);
    if (members.length === 0) return '-';
    return members.some((member) => member.endsWith(' once')) ? 'o' : '0';
  });
  return [String(store.now), id, born, last, flags.join('')];
});
