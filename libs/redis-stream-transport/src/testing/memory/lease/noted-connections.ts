import { notedConnectionsScript } from '../../../redis/operations/recovery/noted-connections.js';
import { operation } from '../operation.js';

/** Notes of one group at most. */
const MOST = 2000;
/** Characters of a note, and of a name. */
const LONGEST = 400;
/** Field with the time of the last look that was not urgent. */
const LOOKED_AT = 'looked at';

/** Reads what the live consumers of a group have noted about their connections. */
export const notedConnections = operation(notedConnectionsScript, (store, said) => {
  const { sockets, urgent } = said;
  const { now } = store;
  const all = new Map(store.hash(sockets));
  if (all.size === 0) return [];
  if (all.size > MOST) {
    store.delete(sockets);
    return [];
  }
  const looked = Number(all.get(LOOKED_AT) ?? Number.NaN);
  if (urgent === '0' && looked <= now && now - looked < Number(said.every)) return [];
  if (urgent === '0') store.setField(sockets, LOOKED_AT, String(now));
  all.delete(LOOKED_AT);
  return [...all].flatMap(([name, note]) => {
    const [, ends, of] = /^(\d+) (\w+) \d+ \d[\d ]*$/.exec(note) ?? [];
    const isLong = name.length > LONGEST || note.length > LONGEST;
    if (!isLong && ends !== undefined && Number(ends) >= now)
      return of === store.run ? [name, note] : [];
    store.deleteField(sockets, name);
    return [];
  });
});
