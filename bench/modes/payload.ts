// Larger payloads, with fewer calls in flight.
import { compareCalls } from '../harness/teams.mjs';

/** @type {readonly import('../harness/team.mjs').Spec[]} */
const cases = [
  { load: 'closed', pattern: 'echo', payload: '10KiB', concurrency: 64 },
  { load: 'closed', pattern: 'echo', payload: '100KiB', concurrency: 16 },
];

/** @type {import('./index.mjs').Mode['run']} */
export function run(options, results) {
  return compareCalls(options, results, 'payload', cases);
}
