import { LUA_BATCH_AGE, LUA_NEXT_NUMBER, verdictField } from '../../lua/caller-record.js';
import { LUA_ERROR_TOKEN } from '../../lua/error-token.js';
import { LUA_NOW } from '../../lua/time.js';
import { parseVerdict, type EnqueueAnswer } from '../../verdict.js';
import type { CallerPlace } from '../place.js';
import { defineScript, type Line } from '../script.js';
import { MAX_BATCH_AGE, type Batch } from './enqueue.js';
import { isLone } from './sections.js';

/**
 * Stores a batch of one entry, for which nothing is looked at: the usual batch of a caller that has one call in flight. It
 * does what `enqueue` does with it, and costs Redis half as much. What `enqueue` decides about a number is left to it.
 *
 * `before` is the number before `number`, and `field` is where the record holds the verdict. `stamp` is the sender's
 * estimate of the time (ms).
 *
 * Answers one line: `ok now 0 id:1`, or `ok now 0 -:0!E…` with Redis' error; `stale now`; or `gap now e q`: the record does
 * not hold the epoch and the number before, but these, and nothing changed. A repeat is sent to `enqueue`.
 *
 * Failure: an error before the first write changes nothing; after it nothing raises.
 */
export const enqueueOneScript = defineScript({
  name: 'enqueue-one',
  keys: ['record', 'stream'],
  args: ['epoch', 'number', 'before', 'field', 'stamp', 'header', 'data'],
  lua: `
local maxAge = ${MAX_BATCH_AGE}
${LUA_NOW}
${LUA_BATCH_AGE}
${LUA_NEXT_NUMBER}
local id, token = redis.pcall('XADD', stream, '*', 'c', header, 'd', data)
if type(id) == 'string' then
  token = id .. ':1'
else
  ${LUA_ERROR_TOKEN}
  token = '-:0' .. error_of(id)
end
redis.call('HSET', record, 'q', number, field, number .. ' 0 ' .. token)
-- Lua writes 14 digits as they are, and formats them more slowly.
return 'ok ' .. now .. ' 0 ' .. token
`,
});

/** Whether a batch is one entry of two fields, not a repeat, not the first of its epoch, and nothing else is to be done with it. */
export function isOne({ number, version, trim, renew, sections }: Batch): boolean {
  if (sections.length !== 1 || number === 1 || version !== 0 || trim !== '') return false;
  const section = sections[0] as Batch['sections'][number];
  return renew === false && !section.hasExtraFields && isLone(section);
}

/** Sends a batch of which `isOne` is true. It runs for each call that leaves alone, so the line is written in place. */
export function enqueueOne(
  { link, keys, recordKey }: CallerPlace,
  { epoch, number, stamp, sections }: Batch,
): Promise<EnqueueAnswer> {
  const { stream, entries } = sections[0] as Batch['sections'][number];
  const [header, data] = entries[0] as readonly [string, string];
  const line: Line<typeof enqueueOneScript> = [
    enqueueOneScript.sha,
    '2',
    recordKey,
    keys.stream(stream),
    String(epoch),
    String(number),
    String(number - 1),
    verdictField(number),
    String(Math.floor(stamp)),
    header,
    data,
  ];
  return link.command('evalsha', line).then(parseVerdict);
}
