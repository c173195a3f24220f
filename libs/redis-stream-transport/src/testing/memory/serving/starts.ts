import { lookScript } from '../../../redis/operations/serving/look.js';
import { markScript } from '../../../redis/operations/serving/mark.js';
import { startScript, STARTED_LIFE } from '../../../redis/operations/serving/start.js';
import { fenced } from '../fence.js';
import { operation } from '../operation.js';
import { idIn, lettersOf, noteOf } from '../packs.js';
import type { Store } from '../store.js';

/** Letters of packs that were read, as far as they are pending under the consumer. */
export const look = operation(lookScript, (store, said) => [
  store.field(said.incarnation, 'id') ?? '',
  ...said.notes.map((note) =>
    store.group(said.stream, said.group)?.ownerOf(idIn(note)) === said.consumer
      ? (store.field(said.part, note) ?? '')
      : null,
  ),
]);

interface Starter {
  readonly stream: string;
  readonly started: string;
  readonly group: string;
  readonly consumer: string;
}

/** Notes that a consumer starts an entry, unless another one has, or it is not its own. */
function begins(
  store: Store,
  { stream, started, group, consumer }: Starter,
  id: string,
): 'now' | 'before' | undefined {
  const name = `${group} ${id}`;
  const by = store.field(started, name);
  if (by !== undefined) return by === consumer ? 'before' : undefined;
  if (store.group(stream, group)?.ownerOf(id) !== consumer) return undefined;
  store.setField(started, name, consumer);
  store.expire(started, STARTED_LIFE);
  return 'now';
}

/** Starts entries that may be started once only. */
export const start = operation(startScript, (store, said) => {
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const flags = said.ids.map((id) => {
    const begun = begins(store, said, id);
    if (begun === 'now') store.group(said.stream, said.group)?.acknowledge(id);
    return begun === undefined ? '0' : '1';
  });
  return `ok ${flags.join('')}`;
});

/** Marks calls of packs before they start. */
export const mark = operation(markScript, (store, said) => {
  const { stream, group, consumer, due, part } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const isNoted = store.has(due);
  const failed = (name: string): number =>
    Number(/^\d+ (\d+)/.exec(noteOf(store, due, group, name))?.[1] ?? 0);
  const answers = said.packs.map(({ note, wanted, attempts, once }) => {
    const id = idIn(note);
    const isMine =
      once === '1'
        ? begins(store, said, id) !== undefined
        : store.group(stream, group)?.ownerOf(id) === consumer;
    const counts = attempts.match(/\d+/g) ?? [];
    const looks = isNoted || attempts !== '';
    const known = lettersOf(store, { part, note, size: wanted.length });
    let [signs, letters] = ['', ''];
    for (let i = 0; i < wanted.length; i++) {
      const [want, is] = [wanted.charAt(i), known.charAt(i)];
      const isOther = looks && failed(`${id}#${i}`) !== Number(counts[i] ?? 0);
      const sign = want === '.' ? '.' : !isMine || is === 'x' || isOther ? '0' : signOf(want, is);
      signs += sign;
      letters += sign === '1' ? 't' : is;
    }
    if (letters !== known) store.setField(part, note, letters);
    return signs;
  });
  return ['ok', ...answers].join(' ');
});

/** A mark that is there was set by an earlier owner, unless it is asked for with `T`. */
const signOf = (want: string, is: string): string => (is === 't' && want === 't' ? 't' : '1');
