// Ways to wait, each with a bound.
import { setTimeout as pause } from 'node:timers/promises';

export { pause };

/**
 * Looks every `every` milliseconds until `look` finds something that counts as true. Undefined when there is none
 * after `within` milliseconds.
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  within: number,
  every = 100,
): Promise<T | undefined> {
  const end = performance.now() + within;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() >= end) return undefined;
    await pause(every);
  }
}
