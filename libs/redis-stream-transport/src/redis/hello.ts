import { randomBytes } from 'node:crypto';
import type { Keys } from '../protocol/keys.js';
import { numberOf, textsOf } from './answer.js';
import type { Link } from './link.js';
import { run } from './script.js';
import { helloScript } from './scripts/incarnation.lua.js';

/** Which memory of Redis this is, and its time in milliseconds. */
export interface Incarnation {
  readonly id: string;
  readonly born: number;
  readonly now: number;
}

/** Asks a new connection which memory it reached. */
export async function hello(link: Link, keys: Keys): Promise<Incarnation> {
  return readIncarnation(await run(link, helloScript, [keys.incarnation()], [freshId()]));
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
