// Entries that no correct program would write.
import type { Context } from '../scenarios/scenario.js';

/** Nesting that is deeper than any reader accepts. */
const tooDeep = (text: string) => `${'['.repeat(100)}${text}${']'.repeat(100)}`;

const fine = '1 json - - 60000';

/** Fields of an entry with this tag. */
type Wrong = (tag: string, maxPayloadBytes: number) => string[];

/** What may be wrong with an entry. Each entry has a tag in its data, by which its dead letter is recognized. */
const wrongs: Readonly<Record<string, Wrong>> = {
  'no header': (tag) => ['d', tag],
  'a garbled header': (tag) => ['c', 'garbled', 'd', tag],
  'an unknown codec': (tag) => ['c', '1 morse - - 60000', 'd', tag],
  'a bad caller': (tag) => ['c', '1 json 5 {} 60000', 'd', tag],
  'no JSON': (tag) => ['c', fine, 'd', `{"tag":"${tag}"`],
  'headers that are no object': (tag) => ['c', fine, 'd', `"${tag}"`, 'h', '[1]'],
};

/** Faults that are played rarely. */
const abuses: Readonly<Record<string, Wrong>> = {
  'too long': (tag, maxPayloadBytes) => ['c', fine, 'd', `"${tag}${'x'.repeat(maxPayloadBytes)}"`],
  'too deep': (tag) => ['c', fine, 'd', tooDeep(`"${tag}"`)],
  'a prototype': (tag) => ['c', fine, 'd', `{"tag":"${tag}","__proto__":{"polluted":true}}`],
};

/** Writes one bad entry by hand. */
export async function writeBadEntry(
  { redis, faults, plan, random }: Context,
  counter: { value: number },
  rare: boolean,
): Promise<void> {
  const kinds = rare ? abuses : wrongs;
  const [kind, write] = random.pick(Object.entries(kinds));
  const tag = `tag-${++counter.value}`;
  faults.note({ k: 'bad', tag, kind });
  const fields = write(tag, plan.serverOptions?.maxPayloadBytes ?? 0);
  await redis.admin.xadd(`{${plan.prefix}}:s:work`, '*', ...fields);
}
