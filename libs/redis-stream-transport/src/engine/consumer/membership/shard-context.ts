import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { ResolvedServerOptions } from '../../../options/index.js';
import { connectionNames } from '../../../redis/connection-name.js';
import type { LinkRole } from '../../../redis/link.js';
import type { Owner } from '../../../redis/group-broker.js';
import type { Clock } from '../../clock.js';
import type { RateLimitedLogger } from '../../rate-limited-logger.js';
import { RedisClock } from '../../redis-clock.js';

/** What the parts of a consumer in one shard share. */
export class ShardContext {
  /** Who this process is in this shard; replaced when its lease was revoked. */
  owner: Owner = newOwner();
  /** Rises with every reconnect of any connection and with every doubt about the lease. */
  generation = 0;
  /** Memory of Redis as last seen. */
  incarnation = '';
  isUp = false;
  /** Live members of the group, this one included. */
  members = 1;

  readonly redisClock: RedisClock;
  /** What connections made now are called in `CLIENT LIST`. */
  readonly connectionName: (role: LinkRole) => string;

  constructor(
    readonly options: ResolvedServerOptions,
    readonly clock: Clock,
    readonly logger: RateLimitedLogger,
  ) {
    this.redisClock = new RedisClock(clock);
    this.connectionName = connectionNames('server', options.group, () => this.owner.consumer);
  }
}

/** A consumer name is used once: never again, not by this process either. */
export function newOwner(): Owner {
  const host =
    hostname()
      .replace(/[^A-Za-z0-9_.-]/g, '')
      .slice(0, 40) || 'host';
  return {
    consumer: `${host}-${process.pid}-${randomBytes(9).toString('base64url')}`,
    token: randomBytes(16).toString('base64url'),
  };
}
