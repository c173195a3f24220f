/** First pause between two attempts, in milliseconds; it doubles. */
const FIRST_PAUSE = 50;

/** 50 ms doubling, each with up to half of itself taken off so that a fleet spreads out. */
export function backoff(attempt: number, maxPause: number): number {
  const full = Math.min(maxPause, FIRST_PAUSE * 2 ** Math.min(attempt - 1, 20));
  return full * (1 - Math.random() / 2);
}

/** A promise that rejects after so many milliseconds unless it is cancelled. */
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
