import { abortScript } from '../../../redis/operations/calling/abort.js';
import { attachScript } from '../../../redis/operations/calling/attach.js';
import { closeNumberScript } from '../../../redis/operations/calling/close-number.js';
import { operation } from '../operation.js';
import { judged, remember } from './caller-record.js';

/** Cancellations that are kept for one consumer. */
const NOTICES_KEPT = 10_000;

/** Closes the number of a batch that is not to be applied any more. */
export const closeNumber = operation(closeNumberScript, (store, said) => {
  const refused = judged(store, said);
  if (refused !== undefined) return refused;
  remember(store, said, '-');
  store.expire(said.record, Number(said.life));
  return `ok ${store.now} -`;
});

/** Makes sure that the reply log of a caller exists. */
export const attach = operation(attachScript, (store, { log, life }) => {
  if (store.has(log)) {
    store.extend(log, Number(life));
    return '';
  }
  const id = store.add(log, ['f', '', 'b', '1']);
  store.expire(log, Number(life));
  return id;
});

/** Leaves cancellations for a consumer, and tells it at once. */
export const abort = operation(abortScript, (store, { inbox, life, notices }) => {
  store.append(inbox, notices, NOTICES_KEPT);
  for (const notice of notices) store.publish(inbox, notice);
  store.expire(inbox, Number(life));
  return 1;
});
