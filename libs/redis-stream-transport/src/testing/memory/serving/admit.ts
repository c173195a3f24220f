import { admitScript } from '../../../redis/operations/serving/admit.js';
import { operation } from '../operation.js';

/** Says which sealed messages came for the first time. */
export const admit = operation(admitScript, (store, { arrivals }) =>
  arrivals.map(({ note, entry, life }) => {
    const known = store.text(note);
    if (known === undefined) store.setText(note, entry, Number(life));
    return known === undefined || known === entry ? '1' : '0';
  }),
);
