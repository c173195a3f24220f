import { PAUSE_REVISION } from '../../../protocol/pause.js';
import { leasesScript } from '../../../redis/operations/lease/leases.js';
import { pausesScript } from '../../../redis/operations/lease/pauses.js';
import { leaseScript } from '../../../redis/operations/lease/renew.js';
import { operation } from '../operation.js';

/** Keys of a group live so many times as long as a lease. */
const LEASES = 10;

/** Takes, renews or restores a lease, and collects the cancellations for its owner. */
export const renew = operation(leaseScript, (store, said) => {
  const { lease, members, inbox, sockets, consumer, token } = said;
  const { now } = store;
  const ttl = Number(said.ttl);
  const held = store.text(lease);
  if (held !== undefined && held !== token) return ['fenced', String(now)];
  if (held === undefined && said.take !== '1') return ['missing', String(now)];
  store.setText(lease, token, ttl);
  store.setScore(members, consumer, now + ttl);
  for (const member of store.membersUpTo(members, now)) store.deleteMember(members, member);
  store.expire(members, ttl * LEASES);
  if (said.note === '') store.deleteField(sockets, consumer);
  else {
    store.setField(sockets, consumer, `${now + ttl} ${store.run} ${said.note}`);
    store.expire(sockets, ttl * LEASES);
  }
  const alive = store.membersFrom(members, Number.NEGATIVE_INFINITY).length;
  const revision = store.field(said.paused, PAUSE_REVISION) ?? '';
  const notices = [...store.list(inbox)];
  store.delete(inbox);
  return ['ok', String(now), String(alive), revision, ...notices];
});

/** The values of leases ('' for none), and the milliseconds that they have left. */
export const leases = operation(leasesScript, (store, said) =>
  said.leases.flatMap((key) => [store.text(key) ?? '', String(store.lifeOf(key))]),
);

/** What is paused in a group. */
export const pauses = operation(pausesScript, (store, { paused }) =>
  [...store.hash(paused)].flat(),
);
