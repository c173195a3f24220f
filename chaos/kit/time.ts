// One clock for all histories: monotonic, the same in every process of this machine, in milliseconds.

export function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return Math.round((seconds * 1000 + nanoseconds / 1e6) * 100) / 100;
}
