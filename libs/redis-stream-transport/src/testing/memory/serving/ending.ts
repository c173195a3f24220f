import { compareIds } from '../../../protocol/entry.js';
import { deadLetterScript } from '../../../redis/operations/serving/dead-letter.js';
import { settleCheckedScript } from '../../../redis/operations/serving/settle-checked.js';
import { finish, keep } from '../ends.js';
import { fenced } from '../fence.js';
import { operation } from '../operation.js';
import { located } from '../packs.js';
import { answerInRoom } from '../replies.js';

/** Settles one entry, if it is still this consumer's. */
export const settleChecked = operation(settleCheckedScript, (store, said) => {
  const { stream, group, id, consumer, started } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const call = located(store, said);
  if (call.isOver) return 'lost';
  const start = `${group} ${id}`;
  const owner = store.field(started, start) ?? store.group(stream, group)?.ownerOf(id);
  let hasEnded = false;
  if (owner !== consumer) {
    const isSameMemory = store.field(said.incarnation, 'id') === said.since;
    if (owner !== undefined) return 'lost';
    if (store.entry(stream, id) === undefined && isSameMemory) return 'lost';
    const last = store.group(stream, group)?.last;
    hasEnded = said.shared === '1' && last !== undefined && compareIds(last, id) >= 0;
  }
  if (said.frame !== '') answerInRoom(store, said);
  if (said.result !== '') keep(store, said.keyRecord, call.name, said.result);
  if (hasEnded) return 'ok';
  if (finish(store, said, call, said.drop === '1')) store.deleteField(started, start);
  return 'ok';
});

/** Moves an entry to the dead letters of its group, and tells its caller. */
export const deadLetter = operation(deadLetterScript, (store, said) => {
  const { stream, group, id, consumer, started, dead, keyRecord } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const call = located(store, said);
  if (call.isOver) return 'lost';
  const start = `${group} ${id}`;
  if (
    store.field(started, start) !== consumer &&
    store.group(stream, group)?.ownerOf(id) !== consumer
  )
    return 'lost';
  const letter = store.add(dead, said.fields);
  store.stream(dead)?.keep(Number(said.kept));
  if (said.frame !== '') answerInRoom(store, said);
  if (keyRecord !== said.lease) keep(store, keyRecord, call.name, '-');
  if (finish(store, said, call, said.drop === '1')) store.deleteField(started, start);
  return `ok ${letter}`;
});
