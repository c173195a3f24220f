import { TOMBSTONE } from '../../../redis/lua/fence.js';
import { releaseScript } from '../../../redis/operations/lease/release.js';
import { revokeScript } from '../../../redis/operations/lease/revoke.js';
import { fenced } from '../fence.js';
import { operation } from '../operation.js';

/** Leaves a tombstone in the place of a lease, and withdraws the announcements. */
export const release = operation(releaseScript, (store, said) => {
  const { lease, left, token, consumer, group } = said;
  const held = store.text(lease);
  if (held !== undefined && held !== token) return 'fenced';
  store.setText(lease, TOMBSTONE, Number(said.life));
  if (token !== TOMBSTONE) store.setText(left, '1', Number(said.life));
  store.deleteMember(said.members, consumer);
  store.deleteField(said.sockets, consumer);
  store.deleteField(said.facts, consumer);
  for (const { live, flag, was } of said.patterns)
    for (const word of [flag, was]) store.deleteMember(live, `${group} ${consumer} ${word}`);
  return 'ok';
});

/** Revokes a lease that is missing, or whose owner has lost all of its connections. */
export const revoke = operation(revokeScript, (store, said) => {
  const { other, sockets, dead, note } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const held = store.text(other);
  if (held !== undefined && held !== TOMBSTONE) {
    const isOfThisLife = /^\d+ (\w+) /.exec(note)?.[1] === store.run;
    if (note === '' || store.field(sockets, dead) !== note || !isOfThisLife) return 'alive';
  }
  if (held !== TOMBSTONE) store.setText(other, TOMBSTONE, Number(said.life));
  store.deleteField(sockets, dead);
  store.deleteField(said.facts, dead);
  return 'revoked';
});
