// Fixed rates, far below what any peer can do: the latency that callers see, and what it costs.
import { compareCalls } from '../harness/teams.js';
import type { Mode } from './mode.js';

export const run: Mode['run'] = (options, results) => {
  const cases = options.rates.map((rate) => ({
    load: 'open' as const,
    pattern: 'echo',
    payload: '100B' as const,
    rate,
  }));
  return compareCalls(options, results, 'open', cases);
};
