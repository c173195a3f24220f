import { announceScript, WILD } from '../../../redis/operations/lease/announce.js';
import { factsScript } from '../../../redis/operations/lease/facts.js';
import { fenced } from '../fence.js';
import { operation } from '../operation.js';

/** Announces that a consumer answers requests of patterns, until the end of its lease. */
export const announce = operation(announceScript, (store, said) => {
  const { group, consumer, patterns } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return [lost];
  const { now } = store;
  const ttl = Number(said.ttl);
  let yields: string[] | undefined;
  const told = new Set<string>();
  const tag = said.lease.slice(0, -`lease:${consumer}`.length);
  for (const [i, { live }] of said.check === '1' ? patterns.entries() : []) {
    for (const member of store.membersFrom(live, now)) {
      const [other = '', , ...words] = member.split(' ');
      if (other === '' || other === group) continue;
      if (!words.includes(WILD)) return ['conflict', String(i), other];
      yields = ['yields', String(i), other];
      told.add(live.slice(`${tag}live:`.length));
    }
  }
  for (const { live, flag, was } of patterns) {
    const member = `${group} ${consumer} `;
    store.setScore(live, '.', 0);
    store.setScore(live, member + flag, now + ttl);
    if (was !== flag) store.deleteMember(live, member + was);
    for (const old of store.membersUpTo(live, now - ttl))
      if (old !== '.') store.deleteMember(live, old);
    store.expire(live, Number(said.served));
  }
  for (const name of told) store.publish(`${tag}streams`, name);
  return yields ?? ['ok'];
});

/** Notes what a consumer says about itself. */
export const facts = operation(factsScript, (store, said) => {
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  store.setField(said.facts, said.consumer, said.text);
  store.expire(said.facts, Number(said.life));
  return 'ok';
});
