/** Who waits for a turn, in order. */
const waiting: (() => void)[] = [];

/**
 * Resolves in a turn of the event loop that nobody else of the process gets from here. When a server dies, dozens of
 * links end at once: between two of them what else has come is served.
 */
export function ownTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(next);
  });
}

function next(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(next);
}
