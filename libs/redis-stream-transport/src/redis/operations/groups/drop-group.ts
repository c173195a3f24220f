import { TOMBSTONE } from '../../lua/fence.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * Destroys the group of a consumer's broadcasts: with `force` that of the asking consumer, otherwise only one whose
 * consumer is gone. A registered group is that of a service, and is never destroyed.
 *
 * Answers 1 if the group was destroyed.
 */
export const dropGroupScript = defineScript({
  name: 'drop-group',
  keys: ['lease', 'stream', 'registry'],
  args: ['group', 'force'],
  flags: 'allow-oom',
  lua: `
if force ~= '1' and redis.call('GET', lease) ~= '${TOMBSTONE}' then return 0 end
-- A registry that cannot be read says nothing of other groups; my own is mine all the same.
local listed = redis.pcall('HEXISTS', registry, group)
if listed == 1 or listed ~= 0 and force ~= '1' then return 0 end
return redis.pcall('XGROUP', 'DESTROY', stream, group) == 1 and 1 or 0
`,
});

/**
 * Destroys the group of a consumer's broadcasts.
 *
 * @param group one whose consumer is gone; without it, the place's own
 */
export async function dropGroup(
  place: GroupPlace,
  stream: string,
  consumer: string,
  group?: string,
): Promise<void> {
  const { link, keys } = place;
  await run(link, dropGroupScript, {
    lease: keys.lease(consumer),
    stream: keys.stream(stream),
    registry: keys.groups(stream),
    group: group ?? place.group,
    force: group === undefined,
  });
}
