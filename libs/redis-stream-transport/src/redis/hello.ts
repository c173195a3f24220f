import { randomBytes } from 'node:crypto';
import type { Keys } from '../protocol/keys.js';
import { numberOf, textsOf } from './answer.js';
import { CommandFailure } from './failure.js';
import type { Link } from './link.js';
import { run, type Script } from './script.js';
import { helloScript, helloWhenFullScript } from './scripts/incarnation.lua.js';

/** Which memory of Redis this is, and its time in milliseconds. */
export interface Incarnation {
  readonly id: string;
  readonly born: number;
  readonly now: number;
}

/**
 * Asks a new connection which memory it reached. A server that was started again with a full memory has to
 * note that it is another one, which it does not do unasked: nothing could leave it then.
 */
export async function hello(link: Link, keys: Keys): Promise<Incarnation> {
  const ask = async (script: Script): Promise<Incarnation> =>
    readIncarnation(await run(link, script, [keys.incarnation()], [freshId()]));
  try {
    return await ask(helloScript);
  } catch (error) {
    if (!(error instanceof CommandFailure) || error.reply !== 'OOM') throw error;
    return ask(helloWhenFullScript);
  }
}

/** Answer of `hello`. */
export function readIncarnation(answer: unknown): Incarnation {
  const [id = '', born, now] = textsOf(answer, 'hello');
  return { id, born: numberOf(born), now: numberOf(now) };
}

/** A name for a memory: 96 random bits. */
export function freshId(): string {
  return randomBytes(12).toString('base64url');
}
