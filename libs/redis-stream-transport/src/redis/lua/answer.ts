/**
 * Bytes from which on a frame is published in a message of its own, after one with its id. Redis hashes every byte of
 * every string that Lua makes, at 1.3 ns each (measured, Redis 7.0), so joining the two costs more than a second
 * message, which costs as much as 2 KB.
 */
const LONG_FRAME = 4096;

/** Lua that publishes `frame` with its `id`: in one message, or, when the frame is long, in two. Needs `log`. */
export const LUA_PUBLISH = `
if #frame < ${LONG_FRAME} then
  redis.pcall('SPUBLISH', log, id .. ' ' .. frame)
else
  redis.pcall('SPUBLISH', log, id)
  redis.pcall('SPUBLISH', log, frame)
end
`;

/**
 * Lua: `answer(log, frame, life, lives)` appends a frame to a caller's reply log and publishes it with its id.
 * False: the log cannot be written.
 *
 * A new log begins with a record marked `b`. A caller that reads such a record knows that frames before it may be gone.
 * The life of a log is only ever extended. With `lives` it is left as it is: its writer extended it a moment ago.
 *
 * When the log cannot be written (its last id is the highest there is, or the key is no stream), the caller gets a
 * message with the id 0-0 and no frame: its reply is lost, and the log will not say so.
 */
export const LUA_ANSWER = `
local function unwritten(log)
  redis.pcall('SPUBLISH', log, '0-0 ')
  return false
end
local function answer(log, frame, life, lives)
  local id = redis.pcall('XADD', log, 'NOMKSTREAM', '*', 'f', frame)
  if id then
    if type(id) == 'table' then return unwritten(log) end
    if not lives then redis.pcall('PEXPIRE', log, life, 'GT') end
  else
    id = redis.pcall('XADD', log, '*', 'f', frame, 'b', '1')
    if type(id) == 'table' then return unwritten(log) end
    redis.pcall('PEXPIRE', log, life)
  end
  ${LUA_PUBLISH}
  return true
end
`;
