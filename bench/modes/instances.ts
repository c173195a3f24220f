// Several service processes that wait for I/O, and who gets how many of the calls.
import { compareCalls } from '../harness/teams.js';
import type { Spec } from '../loads/spec.js';
import type { Mode } from './mode.js';

const cases: readonly Spec[] = [
  { load: 'closed', pattern: 'io', payload: '100B', concurrency: 256 },
];

export const run: Mode['run'] = async (options, results) => {
  for (const services of options.instances)
    await compareCalls(options, results, 'instances', cases, { services, pattern: 'io' });
};
