import type { Credentials, RedisTarget } from '../options/index.js';
import { isA, thrownName, thrownText } from '../thrown.js';
import { deadline } from './pauses.js';

/** Milliseconds that the user's function may take. */
const TIMEOUT = 5000;
/** Characters of its error that are shown. */
const MAX_TOLD = 200;

/**
 * Asks the user's function for the credentials of the next connection; undefined without such a function. Of its errors
 * only the message is passed on: the rest may be a request, with secrets of its own.
 */
export async function askCredentials(target: RedisTarget): Promise<Credentials | undefined> {
  if (target.kind === 'client' || target.credentials === undefined) return undefined;
  const limit = deadline(TIMEOUT, `it did not answer within ${TIMEOUT} ms`);
  let given: unknown;
  try {
    given = await Promise.race([ask(target.credentials), limit.promise]);
  } catch (error) {
    // A thrown value that is no error may be the request that failed, so only its type is named.
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

/** Checks what the function gave. Its value is never shown. */
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
