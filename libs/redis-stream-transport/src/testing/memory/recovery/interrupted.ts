import { endInterruptedScript } from '../../../redis/operations/recovery/end-interrupted.js';
import { interruptedScript } from '../../../redis/operations/recovery/interrupted.js';
import { fenced } from '../fence.js';
import { operation } from '../operation.js';
import { packed } from '../packs.js';
import { answer } from '../replies.js';

/** Entries that a consumer has started and not finished. */
export const interrupted = operation(interruptedScript, (store, said) => {
  if (store.text(said.lease) !== said.held) return ['alive'];
  const found = [...store.hash(said.started)].flatMap(([name, by]) => {
    const [, of, id = ''] = /^(\S+) (\d+-\d+)$/.exec(name) ?? [];
    if (by !== said.by || of !== said.group) return [];
    return [id, store.headerOf(said.stream, id) ?? ''];
  });
  return ['ok', ...found];
});

/** Ends an entry that was started and may not be started again. */
export const endInterrupted = operation(endInterruptedScript, (store, said) => {
  const { stream, started, id, by, consumer } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const name = `${said.group} ${id}`;
  if (store.text(said.other) !== said.theirs || store.field(started, name) !== by) return 'lost';
  store.deleteField(started, name);
  const group = store.group(stream, said.group);
  const entry = store.entry(stream, id);
  if (entry !== undefined && packed(entry) > 0) {
    if (group !== undefined && group.ownerOf(id) !== by) group.hand(id, consumer, 2);
    return 'ok';
  }
  group?.acknowledge(id);
  if (said.frame !== '') {
    answer(store, said);
    store.stream(stream)?.delete(id);
  }
  return 'ok';
});
