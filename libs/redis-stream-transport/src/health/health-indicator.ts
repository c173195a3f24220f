import { Injectable } from '@nestjs/common';
import type { ServerHealth } from '../engine/consumer/instance-health.js';
import type { ClientRedisStreams } from '../nest/client-redis-streams.js';
import type { RedisStreamsStatus } from '../nest/redis-streams.events.js';
import type { ServerRedisStreams } from '../nest/server-redis-streams.js';
import { deadline } from '../redis/pauses.js';
import { thrownText } from '../thrown.js';

/** Milliseconds that an instance may be without a finished read: reads block for 2,000. */
const READS_WITHIN = 6000;

/** As an indicator of `@nestjs/terminus` gives it: by key, a status and what is known. */
export type HealthResult = Record<
  string,
  Readonly<Record<string, unknown>> & { readonly status: 'up' | 'degraded' | 'down' }
>;

export interface ServerHealthOptions {
  /** Milliseconds that the oldest entry that was not read may wait. Default: no bound. */
  readonly maxBehind?: number;
}

export interface ClientHealthOptions {
  /** Milliseconds until Redis must have answered. Default: 1,000. */
  readonly timeout?: number;
}

/**
 * Says whether a server or a client of this process can work. For readiness: liveness must not depend on Redis.
 *
 * @example
 * this.health.check([() => this.streams.server('orders', strategy, { maxBehind: 30_000 })]);
 */
@Injectable()
export class RedisStreamsHealthIndicator {
  /**
   * Whether this instance serves: it runs, is a member of its group, renews its lease and reads. It asks nobody. `degraded`:
   * some shards cannot be used.
   */
  server(
    key: string,
    server: ServerRedisStreams,
    { maxBehind = Number.POSITIVE_INFINITY }: ServerHealthOptions = {},
  ): HealthResult {
    const health = server.health();
    const message = obstacleOf(health, maxBehind);
    if (message !== undefined) return { [key]: { status: 'down', message, ...health } };
    const { up, all } = health.shards;
    return { [key]: { status: up < all ? 'degraded' : 'up', ...health } };
  }

  /**
   * Whether a client reaches Redis: connects it if need be, and sends one PING, which leaves nothing in Redis. Never
   * rejects. `degraded`: some shards cannot be used.
   */
  async client(
    key: string,
    client: ClientRedisStreams,
    { timeout = 1000 }: ClientHealthOptions = {},
  ): Promise<HealthResult> {
    const limit = deadline(timeout, `no answer in ${timeout} ms`);
    try {
      const began = performance.now();
      await Promise.race([ping(client), limit.promise]);
      const took = Math.round(performance.now() - began);
      const state = statusOf(client);
      return { [key]: { status: state === 'partial' ? 'degraded' : 'up', state, took } };
    } catch (error) {
      return { [key]: { status: 'down', message: thrownText(error), state: statusOf(client) } };
    } finally {
      limit.cancel();
    }
  }
}

async function ping(client: ClientRedisStreams): Promise<void> {
  const { commands } = await client.shard();
  await commands.command('ping', []);
}

/** Why an instance does not serve as it should; undefined: it does. */
function obstacleOf(health: ServerHealth, maxBehind: number): string | undefined {
  const { state, member, leaseFor, readAgo, behind, shards } = health;
  if (state !== 'running') return `the server is ${state}`;
  if (shards.up === 0) return 'Redis cannot be used';
  if (!member) return 'this instance is no member of its group';
  if (leaseFor === 0) return 'the lease was not renewed';
  if (readAgo > READS_WITHIN) return `nothing was read for ${readAgo} ms`;
  if (behind > maxBehind) return `the oldest entry may have waited for ${behind} ms`;
  return undefined;
}

/** The last status that the client has told. */
function statusOf({ status }: ClientRedisStreams): RedisStreamsStatus {
  let last: RedisStreamsStatus = 'disconnected';
  status.subscribe((told) => (last = told)).unsubscribe();
  return last;
}
