import type { Credentials, RedisTarget } from '../options/index.js';
import { isA, thrownName, thrownText } from '../thrown.js';
import { deadline } from './pauses.js';

/** Milliseconds that the user's function may take. */
const TIMEOUT = 5000;
/** Characters of what it fails with that are told. */
const MAX_TOLD = 200;

/**
 * The credentials of the next connection; undefined where the options hold them. Its errors are told by
 * their message alone: what else hangs on them may be a request with its own secrets.
 */
export async function askCredentials(target: RedisTarget): Promise<Credentials | undefined> {
  if (target.kind !== 'single' || target.credentials === undefined) return undefined;
  const limit = deadline(TIMEOUT, `it did not answer within ${TIMEOUT} ms`);
  let given: unknown;
  try {
    given = await Promise.race([ask(target.credentials), limit.promise]);
  } catch (error) {
    // What is no error may be the request that failed.
    const told = isA(error, Error) ? thrownText(error) : `it failed with ${thrownName(error)}`;
    throw failed(told.slice(0, MAX_TOLD));
  } finally {
    limit.cancel();
  }
  return checked(given);
}

async function ask(credentials: () => unknown): Promise<unknown> {
  return credentials();
}

/** What it gave is never shown. */
function checked(given: unknown): Credentials {
  if (typeof given !== 'object' || given === null) throw failed('it must give { password }');
  const { username, password } = given as { username?: unknown; password?: unknown };
  if (typeof password !== 'string') throw failed('"password" must be a text');
  if (username === undefined) return { password };
  if (typeof username !== 'string') throw failed('"username" must be a text or left out');
  return { username, password };
}

function failed(reason: string): Error {
  return new Error(`option "credentials": ${reason}`);
}
