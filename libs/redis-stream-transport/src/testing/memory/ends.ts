import { RESULT_LIFE } from '../../protocol/result-record.js';
import { noteLetters, only, type Located } from './packs.js';
import type { Store } from './store.js';

/** An entry that ends, with the keys of what is noted of it. */
export interface Ending {
  readonly stream: string;
  readonly due: string;
  readonly part: string;
  readonly group: string;
  readonly id: string;
}

/** Acknowledges an entry, and deletes it with `drop`. Returns whether it has ended: a pack ends with its last call. */
export function finish(store: Store, ending: Ending, call: Located, drop: boolean): boolean {
  const { stream, due, group, id } = ending;
  if (call.size > 0) {
    store.deleteField(due, `${group} ${call.name}`);
    const letters = only(call.size, call.place, 'x');
    const { size, note } = call;
    if (!noteLetters(store, { ...ending, size, note }, letters)) return false;
  }
  store.group(stream, group)?.acknowledge(id);
  store.deleteField(due, `${group} ${id}`);
  if (drop) store.stream(stream)?.delete(id);
  return true;
}

function runs(known: string | undefined, name: string): boolean {
  if (known?.startsWith('.') !== true) return false;
  const [, by] = known.split(' ');
  return by === name;
}

/** Writes the record of an idempotency key; '-' gives the key up. The first result stays. */
export function keep(store: Store, record: string, name: string, ended: string): void {
  const known = store.text(record);
  if (ended === '-') {
    if (runs(known, name)) store.delete(record);
    return;
  }
  if (known === undefined) return;
  store.setText(record, runs(known, name) ? ended : known, RESULT_LIFE);
}
