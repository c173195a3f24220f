import { RESULT_LIFE } from '../../../protocol/result-record.js';
import { claimKeysScript } from '../../../redis/operations/serving/claim-keys.js';
import { operation } from '../operation.js';
import type { Store } from '../store.js';

const NAMED_KEYS = 4;
const NAMED_ARGS = 2;

interface Places {
  readonly own: string;
  readonly other: string;
  readonly ownPart: string;
  readonly otherPart: string;
  readonly ownName: string;
  readonly otherName: string;
}

/** Whether the entry, or the call of a pack, that a record names is still there. */
function exists(store: Store, stream: string, part: string, name: string): boolean {
  const [, id, place = ''] = /^(\d+-\d+)#?(\d*)$/.exec(name) ?? [];
  if (id === undefined || store.entry(stream, id) === undefined) return false;
  return place === '' || store.field(part, id)?.charAt(Number(place)) !== 'x';
}

function claim(store: Store, places: Places, record: string, mine: string): [string, string] {
  const known = store.text(record);
  if (known === undefined) store.setText(record, mine, RESULT_LIFE);
  if (known === undefined || known === mine) return ['run', ''];
  const [, state, digest, rest = ''] = /^([.=])([^ @]*)\S* ([^]*)$/.exec(known) ?? [];
  if (state === undefined) return ['unreadable', ''];
  const isSame = digest === /^.(\S*)/.exec(mine)?.[1];
  if (state === '=') return isSame ? ['stored', rest] : ['mismatch', ''];
  const [, by, where] = /^(\S+) ([^]+)$/.exec(rest) ?? [];
  if (by !== undefined && where !== undefined) {
    const isOwn = where === places.ownName;
    if (!isOwn && where !== places.otherName) return ['elsewhere', where];
    const [stream, part] = isOwn ? [places.own, places.ownPart] : [places.other, places.otherPart];
    if (exists(store, stream, part, by)) return [isSame ? 'wait' : 'mismatch', ''];
  }
  store.setText(record, mine, RESULT_LIFE);
  return ['run', ''];
}

/** Says which entries with idempotency keys are to run. */
export const claimKeys = operation(claimKeysScript, (store, said, { keys, args }) => {
  const claims = keys
    .slice(NAMED_KEYS)
    .map((record, i) => claim(store, said, record, args[NAMED_ARGS + i] as string));
  return claims.length > 1 && claims.every(([word]) => word === 'run') ? 'run' : claims.flat();
});
