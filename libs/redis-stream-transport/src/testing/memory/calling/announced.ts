import type { Store } from '../store.js';

/** How many live instances take packs, if all do, and over how many streams they spread the pattern. */
export function takersOf(store: Store, live: string): string {
  const members = store.membersFrom(live, store.now);
  let spread: number | undefined;
  let takers = members.length;
  for (const member of members) {
    if (!/^\S+ \S+ packs/.test(member)) takers = 0;
    const streams = Number(/^\S+ \S+ .*?spread=(\d+)/.exec(member)?.[1] ?? 1);
    spread = Math.min(spread ?? streams, streams);
  }
  return `*${takers}${spread !== undefined && spread > 1 ? `/${spread}` : ''}`;
}
