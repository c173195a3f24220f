// Ways to wait, each with a bound.
import { setTimeout as pause } from 'node:timers/promises';

export { pause };

/**
 * Looks every `every` milliseconds until `look` finds something that counts as true. Undefined when there is none
 * after `within` milliseconds.
 */
export async function lookFor<T>(
  look: () => T | Promise<T>,
  within: number,
  every = 100,
): Promise<T | undefined> {
  const end = performance.now() + within;
  for (;;) {
    const result = await look();
    if (result) return result;
    if (performance.now() >= end) return undefined;
    await pause(every);
  }
}

/**
 * Repeats an assertion, at once and then every `every` milliseconds, until it holds; returns what it returned.
 * After `within` milliseconds it rejects with the last failure, or says that there was none because the assertion
 * itself has not ended.
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  within = 10_000,
  every = 10,
): Promise<T> {
  // Made here, so that its stack names the line that waits.
  let failure: unknown = new Error(`not finished after ${within} ms`);
  const over = new AbortController();
  const attempts = async (): Promise<T> => {
    for (;;) {
      try {
        return await assertion();
      } catch (error) {
        failure = error;
      }
      await pause(every, undefined, { signal: over.signal });
    }
  };
  // Not counted among what keeps a process alive: assertions may be about just that.
  const expired = pause(within, undefined, { signal: over.signal, ref: false }).then(() => {
    throw failure;
  });
  const result = attempts();
  try {
    return await Promise.race([result, expired]);
  } finally {
    over.abort();
    // What lost the race is heard no more.
    result.catch(() => {});
    expired.catch(() => {});
  }
}
