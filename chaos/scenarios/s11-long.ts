import { scenario } from './scenario.js';

const lease = 10_000;

/** Handlers run for many leases, and calls wait for many leases for one slot. */
export const s11 = scenario({
  name: 'S11',
  title: 'handlers longer than the lease',
  plan: ({ size }) => {
    const long = size.beyondLease(120_000, lease);
    const calls = size.count(300);
    return {
      calls,
      rate: 0,
      cap: calls,
      bursts: [1],
      concurrency: size.count(75, 16),
      leaseTtl: lease,
      timeout: 4 * long + 60_000,
      mix: [
        { weight: 2, pattern: 'work', ms: [long, long] },
        // One slot in each of four instances: the last calls wait as long as all others run.
        { weight: 1, pattern: 'single', ms: [(12 * long) / calls, (12 * long) / calls] },
      ],
      expect: { success: 1, duplicates: 0 },
    };
  },
});
