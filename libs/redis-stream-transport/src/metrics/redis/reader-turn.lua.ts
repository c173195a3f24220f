import { defineScript } from '../../redis/operations/script.js';

/**
 * Takes the turn to read, or keeps it: for `ms` milliseconds. Answers 1 if it is `reader`'s now, 0 if it is another
 * one's, or if the key holds something else.
 */
export const takeTurnScript = defineScript({
  name: 'take-turn',
  keys: ['turn'],
  args: ['reader', 'ms'],
  lua: `
local mine = redis.pcall('GET', turn)
if mine == reader then return redis.call('PEXPIRE', turn, ms) end
if mine then return 0 end
redis.call('SET', turn, reader, 'PX', ms)
return 1
`,
});

/** Gives the turn up, if it is `reader`'s. Answers 1, or 0 if it was not. */
export const leaveTurnScript = defineScript({
  name: 'leave-turn',
  keys: ['turn'],
  args: ['reader'],
  lua: `
if redis.pcall('GET', turn) == reader then return redis.call('DEL', turn) end
return 0
`,
});
