/** Health of servers and clients for `@nestjs/terminus`, which is not needed for it. */
export {
  RedisStreamsHealthIndicator,
  type ClientHealthOptions,
  type HealthResult,
  type ServerHealthOptions,
} from './health-indicator.js';
