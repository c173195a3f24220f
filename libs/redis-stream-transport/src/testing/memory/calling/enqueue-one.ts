import { enqueueOneScript } from '../../../redis/operations/calling/enqueue-one.js';
import { enqueueScript, MAX_BATCH_AGE } from '../../../redis/operations/calling/enqueue.js';
import { operation } from '../operation.js';
import { numberIn } from './caller-record.js';

/** Stores a numbered batch of one entry, if it is the next. */
export const enqueueOne = operation(
  enqueueOneScript,
  (store, { record, stream, epoch, number, before, field, stamp, header, data }) => {
    const { now } = store;
    if (now - Number(stamp) > MAX_BATCH_AGE) return `stale ${now}`;
    const known = store.hash(record);
    const [last, at] = [known.get('e'), known.get('q')];
    if (last !== epoch || at !== before) return `gap ${now} ${numberIn(last)} ${numberIn(at)}`;
    const verdict = `0 ${store.add(stream, ['c', header, 'd', data])}:1`;
    store.setField(record, 'q', number);
    store.setField(record, field, `${number} ${verdict}`);
    return `ok ${now} ${verdict}`;
  },
  enqueueScript.name,
);
