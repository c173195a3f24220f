/**
 * Specs that replace modules. Each needs modules of its own: elsewhere files of tests share those of their process, and what
 * is loaded there already cannot be replaced.
 */
export const APART = [
  'libs/redis-stream-transport/src/errors.spec.ts',
  'libs/redis-stream-transport/src/nest/retry-later.spec.ts',
  'libs/redis-stream-transport/src/redis/link.spec.ts',
  'test/chaos/load.spec.ts',
  'test/contracts/discovery.spec.ts',
  'test/model/pending.spec.ts',
];
