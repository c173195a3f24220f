import { pausesIn, type NotedPauses } from '../../../protocol/pause.js';
import { textsOf } from '../../answer.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Reads what is paused in a group. Who pauses keeps that below a thousand. Answers names and values in turn. */
export const pausesScript = defineScript({
  name: 'pauses',
  keys: ['paused'],
  args: [],
  flags: 'allow-oom',
  lua: `
return redis.call('HGETALL', paused)
`,
});

export async function readPauses({ link, keys, group }: GroupPlace): Promise<NotedPauses> {
  const answer = await run(link, pausesScript, { paused: keys.paused(group) });
  return pausesIn(textsOf(answer, 'pauses'));
}
