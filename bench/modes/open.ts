// Fixed rates, far below what any peer can do: the latency that callers see, and what it costs.
import { compareCalls } from '../harness/teams.mjs';

/** @type {import('./index.mjs').Mode['run']} */
export function run(options, results) {
  const cases = options.rates.map((rate) => ({
    load: /** @type {const} */ ('open'),
    pattern: 'echo',
    payload: /** @type {const} */ ('100B'),
    rate,
  }));
  return compareCalls(options, results, 'open', cases);
}
