import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * Removes a consumer that leaves from its group, on the streams on which nothing is pending under it. Otherwise it
 * would be listed until another member looks, and requests might still be handed to it.
 *
 * Answers on how many streams it was removed.
 */
export const unlistScript = defineScript({
  name: 'unlist',
  keys: ['...streams'],
  args: ['group', 'consumer'],
  flags: 'allow-oom',
  lua: `
local taken = 0
for _, stream in ipairs(streams) do
  local pending = redis.pcall('XPENDING', stream, group, '-', '+', 1, consumer)
  -- Deleting a consumer destroys what is pending under it.
  if not pending.err and #pending == 0 then
    redis.pcall('XGROUP', 'DELCONSUMER', stream, group, consumer)
    taken = taken + 1
  end
end
return taken
`,
});

/** Removes a consumer from its group where nothing is pending under it. */
export async function unlist(
  { link, keys, group }: GroupPlace,
  streams: readonly string[],
  consumer: string,
): Promise<void> {
  const names = streams.map((stream) => keys.stream(stream));
  await run(link, unlistScript, { streams: names, group, consumer });
}
