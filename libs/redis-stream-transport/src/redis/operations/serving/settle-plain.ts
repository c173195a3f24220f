import { LUA_ANSWER, LUA_PUBLISH } from '../../lua/answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import type { Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, send, type Line } from '../script.js';
import { settleAnswer, SLICE, type SettleAnswer, type Settlement } from './settle.js';

/**
 * Settles requests of one stream that are known to have nothing but a reply each: entries to acknowledge and delete, and
 * frames for logs that are neither measured nor extended. It does what `settle` does with them, for less.
 *
 * After the named keys come the reply logs. After the named arguments comes a frame for each log, and then the ids. `life`
 * is that of a log that has to be made anew (ms).
 *
 * Answers `ok`, followed by the positions of logs that could not be written; `missing` or `fenced` (nothing changed).
 */
export const settlePlainScript = defineScript({
  name: 'settle-plain',
  keys: ['lease', 'stream'],
  args: ['token', 'group', 'life'],
  flags: 'allow-oom',
  lua: `
${LUA_FENCE}
local logs, failed = #KEYS - 2, ''
for i = 1, logs do
  local log, frame = KEYS[2 + i], ARGV[3 + i]
  local id = redis.pcall('XADD', log, 'NOMKSTREAM', '*', 'f', frame)
  if type(id) == 'string' then
    ${LUA_PUBLISH}
  else
    -- There is no log, or it cannot be written.
    ${LUA_ANSWER}
    if not answer(log, frame, life) then failed = failed .. ' ' .. i end
  end
end
redis.pcall('XACK', stream, group, unpack(ARGV, logs + 4))
redis.pcall('XDEL', stream, unpack(ARGV, logs + 4))
return 'ok' .. failed
`,
});

/** Whether a settlement has nothing that only `settle` does. */
export function isPlain({ logs, results, streams }: Settlement): boolean {
  if (streams.length !== 1 || results.length > 0) return false;
  const { keep, drop, noted, started, lettered, packs } =
    streams[0] as Settlement['streams'][number];
  const rest = started.length + (lettered?.length ?? 0) + (packs?.length ?? 0);
  if (keep.length + noted.length + rest > 0) return false;
  if (drop.length === 0 || drop.length > SLICE) return false;
  return logs.every(({ force, livesOn }) => force && livesOn === true);
}

/** Sends a settlement of which `isPlain` is true. It runs for most turns, so the line is written in place. */
export function settlePlain(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  { logs, streams }: Settlement,
): Promise<SettleAnswer> {
  const { stream, drop } = streams[0] as Settlement['streams'][number];
  const count = String(2 + logs.length);
  const line: Line<typeof settlePlainScript> = [
    settlePlainScript.sha,
    count,
    keys.lease(consumer),
    keys.stream(stream),
  ];
  let life = 0;
  for (const { caller, ttlMs } of logs) {
    line.push(keys.log(caller));
    if (ttlMs > life) life = ttlMs;
  }
  line.push(token, group, String(life));
  for (const { frame } of logs) line.push(frame);
  for (const id of drop) line.push(id);
  return send(link, settlePlainScript, line).then(settleAnswer);
}
