/** Value of a revoked lease: any member may take over what is pending under it. */
export const TOMBSTONE = '+';
/** Milliseconds for which a tombstone stands: longer than a late packet of its owner may be on its way. */
export const TOMBSTONE_LIFE = 86_400_000;

/**
 * Lua that ends a script unless `lease` holds `token`. The answers are Lua expressions.
 *
 * This makes a take-over safe: after it the former owner cannot change anything any more.
 */
function fence(missing: string, fenced: string): string {
  return `
local held = redis.call('GET', lease)
if not held then return ${missing} end
if held ~= token then return ${fenced} end
`;
}

/** The fence of scripts that answer with a text: `missing` (there is no lease), or `fenced` (it is another's). */
export const LUA_FENCE = fence("'missing'", "'fenced'");

/** The fence of scripts that answer with a list: its first item is the word. */
export const LUA_FENCE_LIST = fence("{ 'missing' }", "{ 'fenced' }");
