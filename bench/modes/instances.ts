// Several service processes that wait for I/O, and who gets how many of the calls.
import { compareCalls } from '../harness/teams.mjs';

/** @type {readonly import('../harness/team.mjs').Spec[]} */
const cases = [{ load: 'closed', pattern: 'io', payload: '100B', concurrency: 256 }];

/** @type {import('./index.mjs').Mode['run']} */
export async function run(options, results) {
  for (const services of options.instances)
    await compareCalls(options, results, 'instances', cases, { services, pattern: 'io' });
}
