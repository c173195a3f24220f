import { LUA_CALLER_RECORD, RECORD_LIFE } from '../../lua/caller-record.js';
import { LUA_NOW } from '../../lua/time.js';
import { parseVerdict, type EnqueueAnswer } from '../../verdict.js';
import type { CallerPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * Closes the number of a batch that Redis keeps refusing, so that the numbers after it can be used (rule L4). Runs when
 * memory is full.
 *
 * `life` is that of the record (ms). Answers as enqueue does. `ok now -` means that nothing of this number
 * was applied, or ever will be.
 */
export const closeNumberScript = defineScript({
  name: 'close-number',
  keys: ['record', 'incarnation'],
  args: ['epoch', 'number', 'meant', 'life'],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
${LUA_CALLER_RECORD}
local answer = judge()
if answer then return answer end
remember('-')
redis.call('PEXPIRE', record, life)
return 'ok ' .. whole(now) .. ' -'
`,
});

export async function closeNumber(
  { link, keys, recordKey }: CallerPlace,
  epoch: number,
  number: number,
  incarnation: string,
): Promise<EnqueueAnswer> {
  const answer = await run(link, closeNumberScript, {
    record: recordKey,
    incarnation: keys.incarnation(),
    epoch,
    number,
    meant: incarnation,
    life: RECORD_LIFE,
  });
  return parseVerdict(answer);
}
