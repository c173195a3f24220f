import type { ResolvedServerOptions } from '../../../options/index.js';
import { connectionNames } from '../../../redis/connection-name.js';
import type { LinkRole } from '../../../redis/link.js';
import { OwnConnections } from '../../../redis/own-connections.js';
import type { Clock } from '../../clock.js';
import type { RateLimitedLogger } from '../../rate-limited-logger.js';
import { RedisClock } from '../../redis-clock.js';
import type { ConsumerDiagnostics } from '../consumer-diagnostics.js';
import { Windows } from '../run/windows.js';
import { Identity } from './identity.js';

/** What the parts of an instance in one shard share. */
export class ShardContext {
  readonly identity: Identity;
  readonly redisClock: RedisClock;
  readonly connections = new OwnConnections();
  /** Streams that wait for their readers. */
  readonly windows = new Windows();
  /** Name of a new connection in `CLIENT LIST`. */
  readonly connectionName: (role: LinkRole) => string;
  /** Commands can be sent, and the incarnation of Redis is known. */
  isUp = false;
  /** Live members of the group, this one included. */
  members = 1;
  /** Revision of what is paused that this instance has applied. */
  pauses = '';

  constructor(
    readonly options: ResolvedServerOptions,
    readonly clock: Clock,
    readonly logger: RateLimitedLogger,
    readonly diagnostics: ConsumerDiagnostics,
  ) {
    this.identity = new Identity(clock, options.leaseTtl);
    this.redisClock = new RedisClock(clock);
    this.connectionName = connectionNames('server', options.group, () => this.identity.consumer);
  }
}
