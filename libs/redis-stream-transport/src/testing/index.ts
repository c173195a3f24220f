// A broker in memory.
export {
  createTestBroker,
  TestBroker,
  type Connected,
  type FailureOptions,
  type TestBrokerOptions,
} from './test-broker.js';
export type { Failure } from './connection/faults.js';
export type { TestDeadLetter } from './dead-letters.js';

// A Redis.
export {
  startRedis,
  type StartedRedis,
  type StartRedisOptions,
} from './redis-server/start-redis.js';

// Handlers alone.
export {
  createContext,
  TestContext,
  type TestContextOptions,
  type TestOutcome,
} from './create-context.js';
