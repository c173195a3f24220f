import { TOMBSTONE } from '../../../redis/lua/fence.js';
import { dropGroupScript } from '../../../redis/operations/groups/drop-group.js';
import { groupScript } from '../../../redis/operations/groups/ensure-group.js';
import { unlistScript } from '../../../redis/operations/groups/unlist.js';
import { before } from '../entry-ids.js';
import { lookUpTo, renewed } from '../incarnation.js';
import { operation } from '../operation.js';
import type { Store } from '../store.js';

function registered(store: Store, registry: string, group: string): string | undefined {
  const value = store.field(registry, group);
  return value !== undefined && /^\d+ [a-z]/.test(value) ? value : undefined;
}

/** The id up to which events are not for a group; '': there is none. */
function notFor(store: Store, registry: string, group: string): string {
  const since = store.field(registry, `${group} since`) ?? store.field(registry, `${group}/since`);
  return since !== undefined && /^\d+-\d+$/.test(since) ? since : '';
}

/** Makes sure that a group exists on a stream. */
export const ensureGroup = operation(groupScript, (store, said) => {
  const { stream: key, registry, incarnation, group: name, kind, consumer, fresh } = said;
  const hasHistory = said.history !== '0';
  const isWild = said.from !== '';
  if (!isWild) store.deleteField(registry, `${name} wild`);
  const there = store.stream(key);
  const list = (): void => {
    if (consumer !== '') store.group(key, name)?.list(consumer);
  };
  if (there?.groups.has(name) === true) {
    list();
    return ['had', notFor(store, registry, name)];
  }
  const others = there?.groups.size ?? 0;
  const known = registered(store, registry, name);
  let since = notFor(store, registry, name);
  if (known === undefined && there !== undefined && others > 0 && kind === 'r' && !hasHistory) {
    since = isWild ? said.from : there.last;
    store.setField(registry, `${name} since`, since);
  }
  let start = '0-0';
  const left = [...(there?.groups.keys() ?? [])].flatMap((other) => {
    const mark = store.field(registry, `${other} wild`) ?? '';
    return /^e \d+ (\d+-\d+)$/.exec(mark)?.[1] ?? [];
  });
  if (kind === 'b') {
    start = '$';
  } else if (known !== undefined) {
    const cursor = / (\d+-\d+)$/.exec(known)?.[1];
    if (there !== undefined && cursor !== undefined && !before(there.last, cursor)) start = cursor;
  } else if (others > 0 && kind === 'e' && !hasHistory) {
    start = isWild ? said.from : '$';
  } else if (kind === 'r' && !isWild) {
    for (const id of left) if (before(start, id)) start = id;
  }
  // From here on "never delivered" may be said of an entry that was delivered by the lost group.
  if (there !== undefined && start !== '$' && (known !== undefined || !isWild)) {
    renewed(store, incarnation, fresh);
    store.setField(incarnation, 'id', fresh);
    lookUpTo(store, incarnation, there.last);
  }
  store.streamMade(key).makeGroup(name, start);
  list();
  if (kind !== 'b') {
    if (isWild && known === undefined && store.field(registry, `${name} wild`) === undefined)
      store.setField(registry, `${name} wild`, `${kind} ${store.now}`);
    store.setField(registry, name, `${store.now} ${kind} 0-0`);
  }
  return [known === undefined ? 'new' : 'lost', since];
});

/** Removes a consumer from its group where nothing is pending under it. */
export const unlist = operation(unlistScript, (store, { streams, group: name, consumer }) => {
  let taken = 0;
  for (const key of streams) {
    const group = store.group(key, name);
    if (group === undefined || group.range({ from: '-', count: 1, consumer }).length > 0) continue;
    group.unlist(consumer);
    taken++;
  }
  return taken;
});

/** Destroys the group of a consumer's broadcasts. */
export const dropGroup = operation(dropGroupScript, (store, said) => {
  const { lease, stream, registry, group, force } = said;
  if (force !== '1' && store.text(lease) !== TOMBSTONE) return 0;
  if (store.field(registry, group) !== undefined) return 0;
  return store.dropGroup(stream, group) ? 1 : 0;
});
