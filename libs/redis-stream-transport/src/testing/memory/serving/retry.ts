import { retryScript } from '../../../redis/operations/serving/retry.js';
import { fenced } from '../fence.js';
import { operation } from '../operation.js';
import { lettersOf, located } from '../packs.js';

/** Notes when an entry is due again. It stays pending under its owner. */
export const retry = operation(retryScript, (store, said) => {
  const { stream, group, id, consumer, part } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const { size, place, name, note: noted, isOver } = located(store, said);
  if (store.group(stream, group)?.ownerOf(id) !== consumer || isOver) return 'lost';
  const note = [store.now + Number(said.delay), said.attempts, said.state, said.spared];
  store.setField(said.due, `${group} ${name}`, note.join(' '));
  // It failed without ending its process, so it is no suspect of that.
  const letters = size > 0 ? lettersOf(store, { part, note: noted, size }) : '';
  if (letters.charAt(place) === 't')
    store.setField(part, noted, `${letters.slice(0, place)}.${letters.slice(place + 1)}`);
  return 'ok';
});
