// Larger payloads, with fewer calls in flight.
import { compareCalls } from '../harness/teams.js';
import type { Spec } from '../loads/spec.js';
import type { Mode } from './mode.js';

const cases: readonly Spec[] = [
  { load: 'closed', pattern: 'echo', payload: '10KiB', concurrency: 64 },
  { load: 'closed', pattern: 'echo', payload: '100KiB', concurrency: 16 },
];

export const run: Mode['run'] = (options, results) => {
  return compareCalls(options, results, 'payload', cases);
};
