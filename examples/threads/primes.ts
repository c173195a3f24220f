// What the threads of ../threads.ts run: a module of its own, so that a thread loads this and nothing else.
import type { ThreadContext } from 'nestjs-redis-streams/threads';

/** How many primes there are below a number. */
export function primesBelow(limit: number, { signal }: ThreadContext): number {
  let count = 0;
  for (let n = 2; n < limit; n++) {
    // The caller may have stopped waiting.
    signal.throwIfAborted();
    if (isPrime(n)) count++;
  }
  return count;
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}
