import { textOf } from '../../answer.js';
import type { Link } from '../../link.js';

/** Ids that one command asks for: Redis writes a line of some 300 characters for each. */
const PAGE = 400;
const ID = /^(?:txt:)?id=(\d+) /gm;

/**
 * Which of these connections Redis has at the moment. Undefined: it cannot be told, because the answer
 * does not even have the connection on which it came.
 *
 * @param own id of the connection of this link
 * @throws CommandFailure for instance NOPERM
 */
export async function openConnections(
  link: Link,
  own: number,
  ids: readonly number[],
): Promise<ReadonlySet<number> | undefined> {
  const open = new Set<number>();
  for (let from = 0; from < ids.length; from += PAGE) {
    const page = [own, ...ids.slice(from, from + PAGE)].map(String);
    const answer = textOf(await link.command('client', ['list', 'id', ...page]), 'CLIENT LIST');
    const found = [...answer.matchAll(ID)].map(([, id]) => Number(id));
    if (!found.includes(own)) return undefined;
    for (const id of found) open.add(id);
  }
  return open;
}
