import { MAX_REPLY_LOG_BYTES } from '../../../protocol/limits.js';
import { textOf, wordOf } from '../../answer.js';
import { LUA_ANSWER } from '../../lua/answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import type { Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, send, type Line } from '../script.js';

/** XACK and XDEL take their ids in slices: Lua's unpack ends at some thousands of values. */
const SLICE = 1000;

export interface Settlement {
  /** One frame per caller; `ttlMs`: life of its log; `force`: append although the log is full. */
  readonly logs: readonly { caller: string; frame: string; ttlMs: number; force: boolean }[];
  /** Entries to acknowledge only (`keep`) and to acknowledge and delete (`drop`), per stream. */
  readonly streams: readonly { stream: string; keep: readonly string[]; drop: readonly string[] }[];
}

export type SettleAnswer =
  /** `logs`: positions of those that could not be written, or that are full: then nothing changed. */
  | { readonly kind: 'ok' | 'full'; readonly logs: readonly number[] }
  | { readonly kind: 'missing' | 'fenced' };

/**
 * Settles everything that one process finished in one turn: replies, acknowledgement, deletion, in one
 * fenced step. Runs when memory is full, because finished work must be able to leave.
 *
 * `logs` and `streams` are numbers. Behind the lease come the reply logs, then the streams; behind the
 * arguments per log: frame, life (ms), force (1: append although the log is full); then per stream: number of
 * entries to acknowledge only, number to acknowledge and delete, and their ids in that order.
 *
 * Answers `ok` with the positions of logs that could not be written behind it (their entries are settled
 * all the same: one bad caller must not block a service), `missing` or `fenced` (nothing changed: the
 * lease is gone or is another's), `full i…` (nothing changed: these logs are at their cap).
 */
export const settleScript = defineScript({
  name: 'settle',
  keys: ['lease'],
  args: ['token', 'group', 'logs', 'streams'],
  flags: 'allow-oom',
  lua: `
${LUA_ANSWER}
${LUA_FENCE}
logs, streams = tonumber(logs), tonumber(streams)
local full = ''
for i = 1, logs do
  local at = 2 + 3 * i
  if ARGV[at + 2] == '0' then
    local len = redis.pcall('XLEN', KEYS[1 + i])
    -- Measuring costs more than appending, so small frames are measured every sixteenth time.
    if type(len) == 'number' and len > 0 and (#ARGV[at] > 65536 or len % 16 == 0) then
      local used = redis.pcall('MEMORY', 'USAGE', KEYS[1 + i])
      if type(used) == 'number' and used + #ARGV[at] > ${MAX_REPLY_LOG_BYTES} then full = full .. ' ' .. i end
    end
  end
end
if full ~= '' then return 'full' .. full end
local failed = ''
for i = 1, logs do
  local at = 2 + 3 * i
  if not answer(KEYS[1 + i], ARGV[at], ARGV[at + 1]) then failed = failed .. ' ' .. i end
end
local at = 5 + 3 * logs
for s = 1, streams do
  local stream = KEYS[1 + logs + s]
  local keep, drop = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local first, last = at + 2, at + 1 + keep + drop
  for i = first, last, ${SLICE} do
    redis.pcall('XACK', stream, group, unpack(ARGV, i, math.min(i + ${SLICE - 1}, last)))
  end
  for i = first + keep, last, ${SLICE} do
    redis.pcall('XDEL', stream, unpack(ARGV, i, math.min(i + ${SLICE - 1}, last)))
  end
  at = last + 1
end
return 'ok' .. failed
`,
});

/** Runs for every turn with results, so the line is written in place, without an object for the names. */
export async function settle(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  { logs, streams }: Settlement,
): Promise<SettleAnswer> {
  const line: Line<typeof settleScript> = [
    settleScript.sha,
    String(1 + logs.length + streams.length),
    keys.lease(consumer),
  ];
  for (const { caller } of logs) line.push(keys.log(caller));
  for (const { stream } of streams) line.push(keys.stream(stream));
  line.push(token, group, String(logs.length), String(streams.length));
  for (const { frame, ttlMs, force } of logs) line.push(frame, String(ttlMs), force ? '1' : '0');
  for (const { keep, drop } of streams) {
    line.push(String(keep.length), String(drop.length));
    for (const id of keep) line.push(id);
    for (const id of drop) line.push(id);
  }
  const answer = textOf(await send(link, settleScript, line), 'settle');
  if (answer === 'missing' || answer === 'fenced') return { kind: answer };
  const [kind, ...positions] = answer.split(' ');
  const outcome = wordOf(kind, ['ok', 'full'] as const, 'settle');
  return { kind: outcome, logs: positions.map((n) => Number(n) - 1) };
}
