/**
 * Lua: `run`, which names this life of the server. It is another one after each restart, and on each replica. A
 * server numbers its connections anew in each of its lives.
 */
export const LUA_RUN = `local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')`;
