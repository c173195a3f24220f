import { LOOK } from '../../redis/lua/look.js';
import { millisOf } from './entry-ids.js';
import type { Store } from './store.js';

/** Id and birth of the memory; it is named `fresh` if nobody has named it. */
export function renewed(store: Store, key: string, fresh: string): [id: string, born: string] {
  const known = store.hash(key);
  const id = known.get('id');
  if (id !== undefined && known.get('run') === store.run) return [id, known.get('born') ?? ''];
  const born = String(store.now);
  for (const [name, value] of Object.entries({ id: fresh, run: store.run, born }))
    store.setField(key, name, value);
  return [fresh, born];
}

/** Packs up to an entry must be looked at before they run. */
export function lookUpTo(store: Store, key: string, id: string): void {
  const ms = millisOf(id);
  if (ms > Number(store.field(key, LOOK) ?? 0)) store.setField(key, LOOK, String(ms));
}
