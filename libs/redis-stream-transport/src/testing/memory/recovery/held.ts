import { adoptScript } from '../../../redis/operations/recovery/adopt.js';
import { fetchScript } from '../../../redis/operations/recovery/fetch.js';
import { orphansScript } from '../../../redis/operations/recovery/orphans.js';
import { scanScript } from '../../../redis/operations/recovery/scan.js';
import { snapshotScript } from '../../../redis/operations/recovery/snapshot.js';
import { fenced } from '../fence.js';
import { isOpen } from '../headers.js';
import { operation, type Answer } from '../operation.js';
import { knownOf, noteOf } from '../packs.js';
import type { Store } from '../store.js';
import { fieldOf } from '../stream.js';

interface Looked {
  readonly stream: string;
  readonly registry: string;
  readonly started: string;
  readonly group: string;
}

/**
 * Whether an entry is pending under no consumer, and is not one that was started once, nor one with which a group goes on that
 * has left the requests of the pattern.
 */
function isOrphaned(store: Store, of: Looked, id: string): boolean {
  const group = store.group(of.stream, of.group);
  if (group === undefined || group.pending.has(id)) return false;
  if (store.field(of.started, `${of.group} ${id}`) !== undefined) return false;
  return ![...store.hash(of.registry)].some(([field, value]) => {
    const leaver = /^(\S+) wild$/.exec(field)?.[1];
    if (leaver === undefined || leaver === of.group || !/^e \d+ \d+-\d+$/.test(value)) return false;
    return store.group(of.stream, leaver)?.pending.has(id) === true;
  });
}

/** Requests that were handed out and are pending under no consumer. */
export const orphans = operation(orphansScript, (store, said) => {
  const { from } = said;
  const group = store.group(said.stream, said.group);
  if (group === undefined) return [''];
  const count = Number(said.count);
  const start = from === '' ? '-' : `(${from}`;
  const page = store.stream(said.stream)?.range(start, group.last, count) ?? [];
  const furthest = page.length === count ? (page.at(-1)?.[0] ?? '') : group.last;
  const next = furthest === group.last ? '' : furthest;
  const found = page.filter(
    ([id, fields]) =>
      isOpen(id, fieldOf(fields, 'c') ?? '', store.now) && isOrphaned(store, said, id),
  );
  return [next, ...found.map(([id]) => id)];
});

/** Makes orphaned requests pending under this consumer. */
export const adopt = operation(adoptScript, (store, said) => {
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const ids = said.ids.filter(
    (id) => store.entry(said.stream, id) !== undefined && isOrphaned(store, said, id),
  );
  for (const id of ids) store.group(said.stream, said.group)?.hand(id, said.consumer, 2);
  return String(ids.length);
});

/** Entries by their ids, as far as they are pending under this consumer. */
export const fetchHeld = operation(fetchScript, (store, said) => {
  const { stream, due, group: name, consumer } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return [lost];
  const lists: [Answer[], Answer[], Answer[], Answer[]] = [[], [], [], []];
  const group = store.group(stream, name);
  for (const id of said.ids) {
    const pending = group?.pending.get(id);
    if (pending?.consumer !== consumer) continue;
    const entry = store.entry(stream, id);
    if (entry === undefined) {
      group?.acknowledge(id);
      store.deleteField(due, `${name} ${id}`);
      continue;
    }
    lists[0].push(entry);
    lists[1].push(String(pending.deliveries));
    lists[2].push(noteOf(store, due, name, id));
    lists[3].push(knownOf(store, said, entry));
  }
  return ['ok', ...lists];
});

/** Ids that are pending under a consumer. */
export const snapshot = operation(snapshotScript, (store, said) =>
  said.streams.map(({ stream, from }) => {
    const group = store.group(stream, said.group);
    if (group === undefined) return null;
    const wanted = { from, count: Number(said.limit), consumer: said.consumer };
    return group.range(wanted).map(({ id }) => id);
  }),
);

/** Consumers that a group lists or that have started something, and the groups of broadcasts beside it. */
export const scan = operation(scanScript, (store, { group: name, places }) => {
  const listed = places.map(({ stream, started }) => {
    const starters = [...store.hash(started)].filter(([field]) => field.startsWith(`${name} `));
    const consumers = store.group(stream, name)?.consumers ?? [];
    return [...consumers, ...starters.map(([, consumer]) => consumer)];
  });
  const broadcasts = places.map(({ stream, registry }) =>
    [...(store.stream(stream)?.groups.keys() ?? [])].filter(
      (other) =>
        (other.startsWith(`${name}{`) || other.startsWith(`${name}~`)) &&
        store.field(registry, other) === undefined,
    ),
  );
  return [...listed, ...broadcasts];
});
