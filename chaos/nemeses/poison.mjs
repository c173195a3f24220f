// Entries that nobody should have written.

/** Deeper than anything that is read. */
const tooDeep = (text) => `${'['.repeat(100)}${text}${']'.repeat(100)}`;

const fine = '1 json - - 60000';

/** What may be wrong with an entry; each has a tag in its data, by which its dead letter is known. */
const wrongs = {
  'no header': (tag) => ['d', tag],
  'a garbled header': (tag) => ['c', 'garbled', 'd', tag],
  'an unknown codec': (tag) => ['c', '1 morse - - 60000', 'd', tag],
  'a bad caller': (tag) => ['c', '1 json 5 {} 60000', 'd', tag],
  'no JSON': (tag) => ['c', fine, 'd', `{"tag":"${tag}"`],
  'headers that are no object': (tag) => ['c', fine, 'd', `"${tag}"`, 'h', '[1]'],
};

/** Rare ones. */
const abuses = {
  'too long': (tag, { maxPayloadBytes }) => [
    'c',
    fine,
    'd',
    `"${tag}${'x'.repeat(maxPayloadBytes)}"`,
  ],
  'too deep': (tag) => ['c', fine, 'd', tooDeep(`"${tag}"`)],
  'a prototype': (tag) => ['c', fine, 'd', `{"tag":"${tag}","__proto__":{"polluted":true}}`],
};

/**
 * Writes one bad entry by hand.
 * @param {import('../scenarios/index.mjs').Context & { counter: { value: number } }} context
 * @param {boolean} rare
 */
export async function writeBadEntry({ redis, faults, plan, random, counter }, rare) {
  const kinds = rare ? abuses : wrongs;
  const kind = random.pick(Object.keys(kinds));
  const tag = `tag-${++counter.value}`;
  faults.note({ k: 'bad', tag, kind });
  const fields = kinds[kind](tag, plan.serverOptions);
  await redis.admin.xadd(`{${plan.prefix}}:s:work`, '*', ...fields);
}
