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

/** By how many instances of a group the events of a stream are heard, of the group that has most; 0: not all take packs of them. */
export function heardBy(store: Store, own: string): number {
  const [, tag = '', name = ''] = /^(\{.*?\}):s:(.*)$/s.exec(own) ?? [];
  const takes = new Map<string, boolean>();
  for (const member of store.membersFrom(`${tag}:hears:${name}`, store.now)) {
    const [, instance, flag] = /^(\S+ \S+) (\S+)$/.exec(member) ?? [];
    if (instance !== undefined) takes.set(instance, flag === 'packs');
  }
  const groups = [...(store.stream(own)?.groups.values() ?? [])];
  let most = 0;
  for (const { name: group, consumers } of groups) {
    const service = /^([^{]+)\{/.exec(group)?.[1] ?? group;
    const takers = consumers.filter((each) => takes.get(`${service} ${each}`) === true);
    const others = consumers.filter((each) => !takers.includes(each));
    const living = store.membersFrom(`${tag}:members:${service}`, store.now);
    if (others.some((each) => living.includes(each))) return 0;
    if (takers.length === 0 && service === group) return 0;
    most = Math.max(most, takers.length);
  }
  const isMissing = [...store.hash(`${tag}:groups:${name}`)].some(
    ([field, value]) => /^\d+ [a-z] /.test(value) && !groups.some((group) => group.name === field),
  );
  return isMissing ? 0 : most;
}
