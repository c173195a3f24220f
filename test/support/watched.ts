/**
 * A promise that is looked at only after something else: when that fails first, the promise's own rejection is not
 * what went wrong, and must not be reported beside it. Whoever awaits it still gets it.
 */
export function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
