import {
  describeScript,
  lookScript,
  servicesScript,
} from '../../contracts/directory/directory.lua.js';
import { fenced } from './fence.js';
import { operation } from './operation.js';

/** Members that one step removes. */
const PAGE = 100;

/** Says what a consumer offers under the name of a service. */
export const describeService = operation(describeScript, (store, said) => {
  const { services, instances, about, consumer, text } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const { now } = store;
  const [ttl, life] = [Number(said.ttl), Number(said.life)];
  const [document] = said.documents;
  if (document !== undefined && text !== '') store.setText(document, text, life);
  else if (document !== undefined && !store.has(document)) return 'unknown';
  else if (document !== undefined) store.expire(document, life);
  store.setScore(services, said.name, Math.max(now + ttl, store.scoreOf(services, said.name) ?? 0));
  for (const name of store.membersUpTo(services, now)) store.deleteMember(services, name);
  store.setScore(instances, consumer, now + ttl);
  store.setField(about, consumer, `${now} ${said.card}`);
  for (const gone of store.membersUpTo(instances, now).slice(0, PAGE)) {
    store.deleteMember(instances, gone);
    store.deleteField(about, gone);
  }
  for (const key of [services, instances, about]) store.expire(key, life);
  return 'ok';
});

/** What live consumers say about a service. */
export const lookAtService = operation(lookScript, (store, said) => {
  const consumers = store.membersFrom(said.instances, store.now).slice(0, Number(said.most));
  if (said.inboxes !== '')
    for (const consumer of consumers) store.publish(said.inboxes + consumer, 'report');
  return [
    String(store.now),
    ...consumers.flatMap((consumer) => [consumer, store.field(said.about, consumer) ?? '']),
  ];
});

/** Names of the services that are offered. */
export const servicesOffered = operation(servicesScript, (store, { services, most }) =>
  store.membersFrom(services, store.now).slice(0, Number(most)),
);
