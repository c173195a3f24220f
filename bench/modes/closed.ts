// A fixed number of calls in flight.
import { compareCalls } from '../harness/teams.mjs';

/** @type {import('./index.mjs').Mode['run']} */
export function run(options, results) {
  const cases = options.concurrency.map((concurrency) => ({
    load: /** @type {const} */ ('closed'),
    pattern: 'echo',
    payload: /** @type {const} */ ('100B'),
    concurrency,
  }));
  return compareCalls(options, results, 'closed', cases);
}
