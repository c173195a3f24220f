import { Identity } from '../../libs/redis-stream-transport/src/engine/consumer/membership/identity.js';
import { ShardContext } from '../../libs/redis-stream-transport/src/engine/consumer/membership/shard-context.js';
import type { RateLimitedLogger } from '../../libs/redis-stream-transport/src/engine/rate-limited-logger.js';
import type { ResolvedServerOptions } from '../../libs/redis-stream-transport/src/options/index.js';
import { FakeClock } from './fake-clock.js';
import { consumerDiagnostics } from './silent-diagnostics.js';

const LEASE = 9000;

/** A shard's context with time that passes when a test says so, a lease that holds, and no connection. */
export function shardContext(
  parts: {
    clock?: FakeClock;
    options?: Partial<ResolvedServerOptions>;
    logger?: Partial<Record<'log' | 'warn' | 'error', (kind: string, text: string) => void>>;
  } = {},
): ShardContext & { readonly clock: FakeClock; readonly identity: Identity } {
  const { clock = new FakeClock(), options, logger } = parts;
  const resolved = { group: 'service', leaseTtl: LEASE, ...options } as ResolvedServerOptions;
  const silent = { log() {}, warn() {}, error() {}, ...logger } as unknown as RateLimitedLogger;
  const context = new ShardContext(resolved, clock, silent, consumerDiagnostics(clock));
  context.identity.confirm(clock.now());
  context.isUp = true;
  return context as ShardContext & { readonly clock: FakeClock };
}
