import { numberOf, textsOf } from '../../answer.js';
import type { ShardPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Reads leases. Answers for each its value ('' if it is missing) and the milliseconds that it has left. */
export const leasesScript = defineScript({
  name: 'leases',
  keys: ['...leases'],
  args: [],
  lua: `
local answer = {}
for i, key in ipairs(leases) do
  -- A key of another type is nobody's lease, and nobody's to revoke; the others are looked at all the same.
  local held = redis.pcall('GET', key)
  answer[2 * i - 1] = type(held) == 'table' and '?' or held or ''
  answer[2 * i] = string.format('%.0f', redis.call('PTTL', key))
end
return answer
`,
});

/** The value of each consumer's lease ('' if there is none), and the milliseconds that it has left. */
export async function leasesOf(
  { link, keys }: ShardPlace,
  consumers: readonly string[],
): Promise<{ value: string; left: number }[]> {
  const leases = consumers.map((consumer) => keys.lease(consumer));
  const answer = textsOf(await run(link, leasesScript, { leases }), 'leases');
  return consumers.map((_, i) => ({
    value: answer[2 * i] ?? '',
    left: numberOf(answer[2 * i + 1]),
  }));
}
