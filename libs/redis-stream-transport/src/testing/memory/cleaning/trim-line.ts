import { REQUESTS_UNTIL } from '../../../redis/lua/registry.js';
import { before, partsOf } from '../entry-ids.js';
import type { Group } from '../group.js';
import type { Store } from '../store.js';
import type { Stream } from '../stream.js';

/** A group that cleans a stream. */
export interface Cleaner {
  readonly registry: string;
  readonly group: string;
  readonly kind: string;
  readonly groupTtl: string;
  /** What groups with wildcards know, and the name of the stream. */
  readonly streams: string;
  readonly looked: string;
  readonly name: string;
}

/** Up to where all groups have handled a stream. */
export interface TrimLine {
  /** The lowest id that a group has pending or was not given; undefined: no group counts. */
  readonly line: string | undefined;
  /** Entries that some group has not handled. */
  readonly unread: number;
  readonly eventsOnly: boolean;
  /** Groups that no longer count. */
  readonly idle: readonly string[];
  readonly counted: ReadonlySet<string>;
}

interface Known {
  readonly kind: string;
  readonly isIdle: boolean;
}

/** The lowest id that a group has pending or was not given. */
function lowOf(group: Group): string {
  const [ms, seq] = partsOf(group.last);
  return group.lowest ?? (seq < 2 ** 53 ? `${ms}-${seq + 1}` : `${ms + 1}-0`);
}

/** Where the group goes on if it is lost: below its lowest pending id. */
function cursorOf(group: Group): string {
  const { lowest } = group;
  if (lowest === undefined) return group.last;
  const [ms, seq] = partsOf(lowest);
  return seq > 0 ? `${ms}-${seq - 1}` : `${ms - 1}-18446744073709551615`;
}

/** Finds the line, and notes in the registry how far the group has come. */
export function trimLine(store: Store, stream: Stream, of: Cleaner): TrimLine {
  const known = new Map(store.hash(of.registry));
  const about = (name: string): Known | undefined => {
    const [, seen, kind] = /^(\d+) ([a-z])/.exec(known.get(name) ?? '') ?? [];
    if (kind === undefined) return undefined;
    return { kind, isIdle: store.now - Number(seen) > Number(of.groupTtl) };
  };
  let [line, unread, eventsOnly]: [string | undefined, number, boolean] = [
    undefined,
    0,
    of.kind !== 'r',
  ];
  const [idle, counted]: [string[], Set<string>] = [[], new Set()];
  for (const group of stream.groups.values()) {
    const { name } = group;
    const other = about(name);
    if (name === of.group) {
      const note = `${store.now} ${of.kind} ${cursorOf(group)}`;
      if (of.kind !== 'b') store.setField(of.registry, name, note);
    } else if (other?.isIdle === true) {
      idle.push(name);
      continue;
    } else if (other === undefined ? !/^[^{}]+\{[^{}]+\}$/.test(name) : other.kind !== 'e') {
      eventsOnly = false;
    }
    counted.add(name);
    const low = lowOf(group);
    if (line === undefined || before(low, line)) line = low;
    unread = Math.max(unread, stream.unreadBy(group) + group.pending.size);
  }
  for (const name of known.keys()) {
    const other = about(name);
    const isThere = stream.groups.has(name);
    if (other !== undefined && other.kind !== 'e' && !isThere && !other.isIdle) eventsOnly = false;
  }
  if (store.now < Number(known.get(REQUESTS_UNTIL) ?? 0)) eventsOnly = false;
  const isHere = (group: string): boolean => stream.groups.has(group);
  for (const low of wildLows(store, of, isHere))
    if (line !== undefined && before(low, line)) line = low;
  return { line, unread, eventsOnly, idle, counted };
}

/** From where groups read the stream that have a wildcard for it and were away when it became known. */
function wildLows(store: Store, of: Cleaner, isHere: (group: string) => boolean): string[] {
  const since = store.scoreOf(of.streams, `s${of.name}`);
  if (since === undefined) return [];
  return store.membersUpTo(of.looked, since).flatMap((mark) => {
    const [, group = '', start = ''] = /^(\S+) ([^*?[\\]*)/.exec(mark) ?? [];
    if (group === '' || isHere(group) || !of.name.startsWith(start)) return [];
    const came = store.scoreOf(of.streams, `g${mark}`);
    const seen = Math.max(came ?? 0, store.scoreOf(of.looked, mark) ?? 0);
    return came === undefined || store.now - seen > Number(of.groupTtl) ? [] : [`${came}-0`];
  });
}
