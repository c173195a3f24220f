import { TOMBSTONE } from '../redis/lua/fence.js';
import type { Group } from './memory/group.js';
import type { Store } from './memory/store.js';

/** Something that a group has not handled yet. */
export interface Unfinished {
  readonly stream: string;
  readonly group: string;
  /** Undefined: what the group was not given yet. */
  readonly id: string | undefined;
  /** A live instance has it and does not wait for its next attempt, so its end needs no time of the broker. */
  readonly runs: boolean;
}

/** A stream, by its key and by its name. */
interface Place {
  readonly key: string;
  readonly tag: string;
  readonly name: string;
}

/** What groups have not handled. @param isOpen whether there is a connection with this id */
export function unfinishedIn(store: Store, isOpen: (id: number) => boolean): Unfinished[] {
  return store.streams.flatMap(([key, stream]) => {
    const [, tag, name] = /^(\{.+?\}):s:([^]*)$/.exec(key) ?? [];
    if (tag === undefined || name === undefined) return [];
    const place = { key, tag, name };
    return [...stream.groups.values()].flatMap((group) => {
      const left = laterIn(store, place, group).concat(pendingIn(store, place, group, isOpen));
      const unread = { stream: name, group: group.name, id: undefined, runs: false };
      return stream.unreadBy(group) > 0 ? left.concat(unread) : left;
    });
  });
}

/** What is due later. */
function laterIn(store: Store, { tag, name }: Place, group: Group): Unfinished[] {
  const ids = [...store.hash(`${tag}:later:${name}`).keys()];
  return ids.map((id) => ({ stream: name, group: group.name, id, runs: false }));
}

function pendingIn(
  store: Store,
  { tag, name }: Place,
  group: Group,
  isOpen: (id: number) => boolean,
): Unfinished[] {
  const notes = [...store.hash(`${tag}:due:${name}`)];
  return [...group.pending.values()].map(({ id, consumer }) => {
    const of = `${group.name} ${id}`;
    const waits = notes.some(
      ([field, note]) =>
        (field === of || field.startsWith(`${of}#`)) && Number(note.split(' ')[0]) > store.now,
    );
    const runs = !waits && isLive(store, tag, { group: group.name, consumer }, isOpen);
    return { stream: name, group: group.name, id, runs };
  });
}

/** Whether a consumer has its lease, and a connection. */
function isLive(
  store: Store,
  tag: string,
  { group, consumer }: { readonly group: string; readonly consumer: string },
  isOpen: (id: number) => boolean,
): boolean {
  const lease = store.text(`${tag}:lease:${consumer}`);
  if (lease === undefined || lease === TOMBSTONE) return false;
  // The group of a consumer's broadcasts is named after that of its service.
  const [service = ''] = group.split('{');
  const [, , , ...ids] = (store.field(`${tag}:sockets:${service}`, consumer) ?? '').split(' ');
  return ids.some((id) => isOpen(Number(id)));
}
