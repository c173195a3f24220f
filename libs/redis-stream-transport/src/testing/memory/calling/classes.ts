import type { Store } from '../store.js';

/** Keys of a pattern's own stream, of a stream of one of its classes, and of who answers it. */
export interface ClassKeys {
  readonly class: string;
  readonly own: string;
  readonly live: string;
}

/** Whether all who read the pattern's own stream and live read that of the class too, and somebody does. @param rule `c` for calls, `e` for events */
export function isRead(
  store: Store,
  rule: 'c' | 'e',
  { class: ofClass, own, live }: ClassKeys,
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
  return groups.length > 0 && groups.every(({ name, consumers }) => all(name, consumers));
}
