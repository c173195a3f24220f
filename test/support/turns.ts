/** Milliseconds for which the calls of a spread pattern go to one stream. */
const TURN = 4;

/** Repeats what makes a call, until each of so many streams had a turn at least. */
export async function turns(streams: number, call: () => Promise<void>): Promise<void> {
  const least = performance.now() + 2 * TURN * streams;
  for (let made = 0; made <= streams || performance.now() < least; made++) await call();
}
