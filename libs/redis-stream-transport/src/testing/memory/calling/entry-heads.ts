import { entryHeadsScript, findCallScript } from '../../../redis/operations/entry-heads.js';
import { operation } from '../operation.js';
import { fieldOf } from '../stream.js';

/** Says what entries of a stream are, without their data. */
export const entryHeads = operation(entryHeadsScript, (store, { stream, ids }) =>
  ids.flatMap((id) => {
    const [, fields = []] = store.entry(stream, id) ?? [];
    return ['c', 'p', 'k', 'm'].map((name) => fieldOf(fields, name) ?? '');
  }),
);

/** Finds entries of a call, or of one call of a pack, in a part of a stream. */
export const findCall = operation(
  findCallScript,
  (store, { stream, from, count, call, caller }) => {
    const entries = store.stream(stream)?.range(from, '+', Number(count)) ?? [];
    const found = entries.filter(([, fields]) => {
      const [, , of, by] = (fieldOf(fields, 'c') ?? '').split(' ');
      const members = (fieldOf(fields, 'm') ?? '').split(',');
      return by === caller && (of === call || members.includes(call));
    });
    const last = entries.length === Number(count) ? (entries.at(-1)?.[0] ?? '') : '';
    return [last, '0', ...found.map(([id]) => id)];
  },
);
