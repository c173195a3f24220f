// A fixed number of calls in flight.
import { compareCalls } from '../harness/teams.js';
import type { Mode } from './mode.js';

export const run: Mode['run'] = (options, results) => {
  const cases = options.concurrency.map((concurrency) => ({
    load: 'closed' as const,
    pattern: 'echo',
    payload: '100B' as const,
    concurrency,
  }));
  return compareCalls(options, results, 'closed', cases);
};
