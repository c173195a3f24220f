import { promoteScript } from '../../../redis/operations/scheduling/promote.js';
import { withdrawScript } from '../../../redis/operations/scheduling/withdraw.js';
import { backlogOf } from '../calling/backlog.js';
import { operation, type Answer } from '../operation.js';
import type { Store } from '../store.js';
import { fieldOf } from '../stream.js';

/** Entries of a stream that are looked at for a call that is due already. */
const MOST_LOOKED_AT = 1000;

/** An entry of a batch with a schedule. */
export interface Waiting {
  readonly later: string;
  readonly when: string;
  readonly stream: string;
  readonly id: string;
  readonly sent: string;
  /** Milliseconds since 1970, or from now with a + before them; '': at once. */
  readonly at: string;
  /** Milliseconds for which another one adds nothing; 0: it is not looked at. */
  readonly window: number;
  readonly fields: readonly string[];
}

/** Stores an entry that is due later, or that is not to be there already. @param cap how many may wait. Returns the token of its section. */
export function scheduled(
  store: Store,
  { later, when, stream, sent, id, at, window, fields }: Waiting,
  cap: number,
): string {
  const now = store.now;
  const due = at === '' || at.startsWith('+') ? now + Number(at) : Number(at);
  if (window > 0 && store.has(sent)) return `${due}-0:1`;
  const remember = (): void => {
    if (window > 0) store.setText(sent, id, Math.max(0, due - now) + window);
  };
  if (at === '') {
    const there = store.stream(stream);
    const isFull = there !== undefined && there.length >= cap && backlogOf(there) >= cap;
    if (isFull) return '-:0!FULL';
    remember();
    return `${store.add(stream, fields)}:1`;
  }
  if (store.field(later, id) === undefined) {
    if (store.hash(later).size >= cap) return '-:0!FULL';
    store.setField(later, id, JSON.stringify(fields));
  }
  remember();
  if (store.scoreOf(when, id) === undefined) store.setScore(when, id, due);
  const [first] = store.membersFrom(when, 0);
  const match = /^(\{.*?\}):s:(.*)$/s.exec(stream);
  if (first === id && match !== null) {
    const groups = [...(store.stream(stream)?.groups.keys() ?? [])];
    for (const group of new Set(groups.map((name) => name.replace(/\{.*$/s, ''))))
      store.publish(`${match[1]}:nudge:${group}`, `due ${due} ${match[2]}`);
  }
  return `${due}-0:1`;
}

/** Adds entries that are due to their streams. */
export const promote = operation(promoteScript, (store, { most, size, streams }) => {
  let [left, bytes] = [Number(most), Number(size)];
  const answer: Answer[] = [String(store.now)];
  for (const { stream, later, when } of streams) {
    let added = 0;
    for (const id of store.membersUpTo(when, store.now).slice(0, left)) {
      if (bytes <= 0) break;
      const text = store.field(later, id);
      if (text !== undefined) {
        bytes -= Buffer.byteLength(text);
        store.add(stream, JSON.parse(text) as string[]);
        store.deleteField(later, id);
        added++;
      }
      store.deleteMember(when, id);
      left--;
    }
    const [first] = store.membersFrom(when, 0);
    const next = first === undefined ? '' : String(store.scoreOf(when, first));
    answer.push(added, next, '');
  }
  return answer;
});

/** Takes back what waits until it is due, or finds the entry that it became. */
export const withdraw = operation(withdrawScript, (store, { entries }) =>
  entries.map(({ stream, later, when, sent, id, due, words }) => {
    store.deleteMember(when, id);
    if (store.deleteField(later, id)) {
      store.delete(sent);
      return 'withdrawn';
    }
    if (words === '') return 'gone';
    const page = store.stream(stream)?.range(`${due}-0`, '+', MOST_LOOKED_AT) ?? [];
    const found = page.find(([, fields]) => (fieldOf(fields, 'c') ?? '').includes(` ${words} `));
    return found?.[0] ?? 'gone';
  }),
);
