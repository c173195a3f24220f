// What a scenario may leave unsaid.

/**
 * @typedef {object} Plan
 * @property {number} calls in all
 * @property {number} rate calls per second of all callers together; 0: as fast as `cap` allows
 * @property {number} cap calls that may be open at once
 * @property {number} [waves] a wave begins when all calls of the one before have ended
 * @property {readonly import('../processes/load.mjs').Kind[]} mix
 * @property {Expectations} expect
 */

/**
 * What must hold beside the invariants. Times in milliseconds.
 * @typedef {object} Expectations
 * @property {number} [success] share of calls that end with the handler's answer; of `errors` nothing counts
 * @property {readonly string[]} [codes] faults that callers may be told, `code/outcome`; with `@ms` only for calls with
 *   so short a timeout
 * @property {0} [duplicates] no call is executed twice, whatever the faults would excuse
 * @property {0} [resent] no call is sent again
 * @property {number} [resumeWithin] a call succeeds so soon after each fault
 * @property {number} [takeOverWithin] orphans are executed again so soon after their owner's death
 * @property {number} [exitWithin] a terminated instance is gone so soon
 * @property {number} [replacedWithin] a silenced connection is replaced so soon
 * @property {number} [refusedWithin] calls that are refused are refused so soon
 */

export function withDefaults(plan) {
  const leaseTtl = plan.leaseTtl ?? 10_000;
  const timeout = plan.timeout ?? 30_000;
  const services = plan.services ?? 4;
  const callers = plan.callers ?? 4;
  const rough = plan.rate > 0 ? (plan.calls / plan.rate) * 1000 : 0;
  return {
    prefix: 'chaos',
    concurrency: 16,
    cap: 64,
    waves: 1,
    // Two leases: a dead owner is noticed after one, and taken over within another half.
    quietWithin: 2 * leaseTtl + 5000,
    restFor: 1500,
    loadWithin: 4 * rough + 4 * timeout + 1_800_000,
    expect: {},
    redis: {},
    ...plan,
    leaseTtl,
    timeout,
    services,
    callers,
  };
}
