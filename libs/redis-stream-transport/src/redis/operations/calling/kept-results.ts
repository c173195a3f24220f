import { isEntryId } from '../../../protocol/limits.js';
import { listOf, numberOf, textOr, textsOf } from '../../answer.js';
import { readRecord, RESULT_LIFE, type ResultRecord } from '../../../protocol/result-record.js';
import { entryHeadsScript, findCallScript } from '../entry-heads.js';
import type { ShardPlace } from '../place.js';
import { run } from '../script.js';

/** Groups of a stream that are asked about at most: one of them answers. */
const MOST_GROUPS = 64;
/** Entries of a stream that are looked at, and how many in one step. */
const MOST_ENTRIES = 10_000;
const STEP = 200;

/** What is stored under a key. */
export type KeptResult = ResultRecord & {
  /** Milliseconds since it was written. */
  readonly age: number;
};

/** An entry of a call in its stream. */
export interface OpenEntry {
  readonly id: string;
  /** It was handed to an instance. */
  readonly isHeld: boolean;
}

/** Groups of a stream, without those of single instances. */
export async function groupsOf({ link, keys }: ShardPlace, stream: string): Promise<string[]> {
  const exists = numberOf(await link.command('exists', [keys.stream(stream)])) > 0;
  if (!exists) return [];
  const groups = listOf(await link.command('xinfo', ['GROUPS', keys.stream(stream)]), 'XINFO');
  const names = groups.map((group) => {
    const facts = textsOf(group, 'XINFO');
    return facts[facts.indexOf('name') + 1] ?? '';
  });
  return names.filter((name) => name !== '' && !name.includes('{')).slice(0, MOST_GROUPS);
}

/** What a group keeps under a key of a pattern; undefined: nothing that can be read. */
export async function keptResult(
  { link, keys }: ShardPlace,
  {
    group,
    pattern,
    key,
  }: { readonly group: string; readonly pattern: string; readonly key: string },
): Promise<KeptResult | undefined> {
  const record = keys.idempotency(group, pattern, key);
  const [text, life] = await Promise.all([
    link.command('get', [record]),
    link.command('pttl', [record]),
  ]);
  const read = readRecord(textOr(text, ''));
  if (read === undefined) return undefined;
  return { ...read, age: Math.min(RESULT_LIFE, Math.max(0, RESULT_LIFE - numberOf(life))) };
}

/** Whether a stream still has an entry. */
export async function hasEntry({ link, keys }: ShardPlace, stream: string, id: string) {
  if (!isEntryId(id)) return false;
  const heads = await run(link, entryHeadsScript, { stream: keys.stream(stream), ids: [id] });
  return textsOf(heads, 'entry-heads').some((text) => text !== '');
}

/** The entry of a call, or of one call of a pack, that has not ended; looks at the first 10,000 entries. */
export async function openEntry(
  place: ShardPlace,
  stream: string,
  wanted: { readonly caller: string; readonly call: string },
  groups: readonly string[],
): Promise<OpenEntry | undefined> {
  const { link, keys } = place;
  let from = '-';
  for (let seen = 0; seen < MOST_ENTRIES; seen += STEP) {
    const step = { stream: keys.stream(stream), from, count: STEP, ...wanted };
    const [last = '', , id] = textsOf(await run(link, findCallScript, step), 'find-call');
    if (id !== undefined) return stateOf(place, { stream, id, call: wanted.call }, groups);
    if (last === '') return undefined;
    from = `(${last}`;
  }
  return undefined;
}

async function stateOf(
  { link, keys }: ShardPlace,
  { stream, id, call }: { readonly stream: string; readonly id: string; readonly call: string },
  groups: readonly string[],
): Promise<OpenEntry | undefined> {
  const key = keys.stream(stream);
  const heads = await run(link, entryHeadsScript, { stream: key, ids: [id] });
  const place = (textsOf(heads, 'entry-heads')[3] ?? '').split(',').indexOf(call);
  const letters =
    place === -1 ? '' : textOr(await link.command('hget', [keys.part(stream), id]), '');
  if (letters.charAt(place) === 'x') return undefined;
  const held = await Promise.all(
    groups.map(async (group) => {
      const [pending, started] = await Promise.all([
        link.command('xpending', [key, group, id, id, '1']),
        link.command('hget', [keys.started(stream), `${group} ${id}`]),
      ]);
      return listOf(pending, 'XPENDING').length > 0 || typeof started === 'string';
    }),
  );
  return { id, isHeld: held.includes(true) };
}
