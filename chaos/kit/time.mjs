// One clock for all histories: monotonic, the same in every process of this machine, in milliseconds.

export function now() {
  const [seconds, nanoseconds] = process.hrtime();
  return Math.round((seconds * 1000 + nanoseconds / 1e6) * 100) / 100;
}

/** @param {number} ms */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks every `every` milliseconds until `look` finds something; undefined when there is no time left. */
export async function eventually(look, within, every = 100) {
  const end = now() + within;
  for (;;) {
    const found = await look();
    if (found || now() >= end) return found || undefined;
    await pause(every);
  }
}
