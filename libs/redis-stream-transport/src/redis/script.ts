import { createHash } from 'node:crypto';
import { CommandFailure } from './failure.js';
import type { Link } from './link.js';

/** A Lua script: its text, and the digest by which Redis remembers it. */
export interface Script {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
}

/**
 * @param flags `allow-oom` for scripts that must run when memory is full
 */
export function defineScript(name: string, lua: string, flags?: 'allow-oom'): Script {
  const text = flags === undefined ? lua.trim() : `#!lua flags=${flags}\n${lua.trim()}`;
  return { name, lua: text, sha: createHash('sha1').update(text).digest('hex') };
}

/** Runs a script by its digest and, when Redis has forgotten it, by its text. */
export async function run(
  link: Link,
  script: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return await link.command('evalsha', [script.sha, ...rest]);
  } catch (error) {
    if (!(error instanceof CommandFailure) || error.reply !== 'NOSCRIPT') throw error;
    return link.command('eval', [script.lua, ...rest]);
  }
}

/** Teaches Redis the scripts of the hot path, so that the first turn does not meet NOSCRIPT. */
export async function load(link: Link, scripts: readonly Script[]): Promise<void> {
  await Promise.all(scripts.map(({ lua }) => link.command('script', ['load', lua])));
}

/** Lua that several scripts share. */
export const LUA_NOW = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end
`;
