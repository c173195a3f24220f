import { REQUESTS_UNTIL } from '../../../redis/lua/registry.js';
import { noHandlerScript } from '../../../redis/operations/serving/no-handler.js';
import { refuseUnreadScript } from '../../../redis/operations/serving/refuse-unread.js';
import { before } from '../entry-ids.js';
import { finish } from '../ends.js';
import { fenced } from '../fence.js';
import { operation } from '../operation.js';
import { located } from '../packs.js';
import { answer } from '../replies.js';

/** Milliseconds. */
const DAY = 86_400_000;

/** Decides about a request for which this consumer has no handler. */
export const noHandler = operation(noHandlerScript, (store, said) => {
  const { stream, group: name, id, consumer, registry } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const call = located(store, said);
  const group = store.group(stream, name);
  if (group?.ownerOf(id) !== consumer || call.isOver) return 'lost';
  const readers = new Set(said.mayHand === '1' ? group.consumers : []);
  let isElsewhere = false;
  for (const member of store.membersFrom(said.live, store.now)) {
    const [other, theirs] = member.split(' ');
    if (theirs === undefined) continue;
    if (other === name && theirs !== consumer && readers.has(theirs)) {
      const pending = group.pending.get(id);
      if (pending !== undefined) pending.consumer = theirs;
      return `handed ${theirs}`;
    }
    if (other !== name) isElsewhere = true;
  }
  const answers = / r /.test(store.field(registry, name) ?? '');
  if (answers && !isElsewhere) {
    answer(store, said);
    finish(store, said, call, true);
    return 'answered';
  }
  group.acknowledge(id);
  store.deleteField(said.due, `${name} ${id}`);
  const till = said.deadline === '' ? store.now + DAY : Number(said.deadline);
  if (Number(store.field(registry, REQUESTS_UNTIL) ?? 0) < till)
    store.setField(registry, REQUESTS_UNTIL, String(till));
  return 'acked';
});

/** Ends a request that no group was given yet. */
export const refuseUnread = operation(refuseUnreadScript, (store, said) => {
  const { id, group: name } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const stream = store.stream(said.stream);
  const groups = [...(stream?.groups.values() ?? [])];
  if (groups.some(({ last }) => !before(last, id))) return 'lost';
  if (!groups.some((group) => group.name === name)) return 'lost';
  if (stream?.delete(id) !== true) return 'lost';
  answer(store, said);
  return 'ok';
});
