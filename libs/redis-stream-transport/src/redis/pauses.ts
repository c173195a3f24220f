/** First pause between two attempts, in milliseconds; it doubles. */
const FIRST_PAUSE = 50;

/**
 * Milliseconds before the next attempt: 50, then twice as long each time. Up to half of each pause is taken off by
 * chance, so that a fleet spreads out.
 *
 * @param attempt the one that failed, from 1
 * @param maxPause milliseconds
 * @param chance in [0, 1)
 */
export function backoff(attempt: number, maxPause: number, chance = Math.random()): number {
  const full = Math.min(maxPause, FIRST_PAUSE * 2 ** Math.min(attempt - 1, 20));
  return full * (1 - chance / 2);
}

/** A promise that rejects with `message` after `ms` milliseconds, unless it is cancelled. */
export function deadline(
  ms: number,
  message: string,
): { promise: Promise<never>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), ms);
  });
  promise.catch(() => undefined);
  return { promise, cancel: () => clearTimeout(timer) };
}

/** Resolves after `ms` milliseconds. It does not keep the process alive. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
