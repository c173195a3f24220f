/**
 * Specs that take longest, the longest first: begun late, one of them would run alone at the end. Vitest knows durations of
 * an earlier run only, and a fresh clone has none.
 */
export const LONG = [
  'test/model/model.spec.ts',
  'test/clients/python.spec.ts',
  'test/dashboard/browser.spec.ts',
  'test/integration/faults/refusals.spec.ts',
  'test/integration/crash/connections.spec.ts',
  'test/integration/wildcards/faults.spec.ts',
  'test/operate/fourteen.spec.ts',
  'test/cluster/sentinel.spec.ts',
  'test/cluster/partial.spec.ts',
  'test/integration/faults/server.spec.ts',
  'test/integration/lifecycle/heartbeat.spec.ts',
  'test/conformance/conformance.spec.ts',
  'test/integration/modes/combined.spec.ts',
  'test/integration/crash/kill.spec.ts',
];
