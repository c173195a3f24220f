import type { Store } from '../store.js';

/** Keys of a pattern's own stream, of a stream of one of its classes, and of who answers it. */
export interface ClassKeys {
  readonly class: string;
  readonly own: string;
  readonly live: string;
}

/** Whether all who read the pattern's own stream read that of the class too. @param rule `c` for calls, `e` for events */
export function isRead(
  store: Store,
  rule: 'c' | 'e',
  { class: key, own, live }: ClassKeys,
): boolean {
  const lists = (group: string, consumer: string): boolean =>
    store.group(key, group)?.consumers.includes(consumer) === true;
  if (rule === 'c') {
    const members = store.membersFrom(live, store.now).map((member) => member.split(' '));
    return (
      members.length > 0 && members.every(([group = '', consumer = '']) => lists(group, consumer))
    );
  }
  const groups = [...(store.stream(own)?.groups.values() ?? [])];
  return (
    groups.length > 0 &&
    groups.every(
      ({ name, consumers }) => consumers.length > 0 && consumers.every((each) => lists(name, each)),
    )
  );
}
