import { nameIn } from '../known.js';
import type { Store } from '../store.js';

/** Keys of a pattern's own stream, of a stream of one of its classes, of who answers it, and of streams that are known. */
export interface ClassKeys {
  readonly class: string;
  readonly own: string;
  readonly live: string;
  readonly streams: string | undefined;
}

/** Whether all who read the pattern's own stream and live read that of the class too, and somebody does. @param rule `c` for calls, `e` for events */
export function isRead(
  store: Store,
  rule: 'c' | 'e',
  { class: ofClass, own, live, streams }: ClassKeys,
): boolean {
  const reads = (key: string, group: string, consumer: string): boolean =>
    store.group(key, group)?.consumers.includes(consumer) === true;
  const readsOwnOnly = (group: string, consumer: string): boolean =>
    !reads(ofClass, group, consumer) &&
    reads(own, group, consumer) &&
    store
      .membersFrom(own.replace(/:s:.*$/s, `:members:${group}`), store.now, true)
      .includes(consumer);
  const all = (group: string, consumers: readonly string[]): boolean =>
    consumers.some((each) => reads(ofClass, group, each)) &&
    !consumers.some((each) => readsOwnOnly(group, each));
  if (rule === 'c') {
    const members = store.membersFrom(live, store.now).map((member) => member.split(' '));
    return (
      members.some(([group = '', consumer = '']) => reads(ofClass, group, consumer)) &&
      !members.some(([group = '', consumer = '']) => readsOwnOnly(group, consumer))
    );
  }
  const groups = [...(store.stream(own)?.groups.values() ?? [])];
  if (groups.length === 0 || !groups.every(({ name, consumers }) => all(name, consumers)))
    return false;
  return streams === undefined || !isAwaited(store, streams, own);
}

/** A group whose wildcard may stand for the stream is not there, has not looked since it became known, and would read this stream only. */
function isAwaited(store: Store, streams: string, own: string): boolean {
  if (!store.has(streams)) return false;
  const name = nameIn(streams, own);
  const since = store.scoreOf(streams, `s${name}`) ?? Number.POSITIVE_INFINITY;
  const marks = store.membersUpTo(streams.replace(/streams$/, 'looked'), since);
  return (
    marks.length >= 1000 ||
    marks.some((mark) => {
      const [, group = '', start = ''] = /^(\S+) ([^*?[\\]*)/.exec(mark) ?? [];
      return store.group(own, group) === undefined && name.startsWith(start);
    })
  );
}
