import { CLOCK, type Clock } from '../../engine/clock.js';
import { MemoryConnection, type Host } from './memory-connection.js';
import type { MemoryServer } from './memory-server.js';

/**
 * Stands in for a client of ioredis, which the transport copies for each of its connections. One of these is one process:
 * its connections end together.
 */
export class MemoryRedis implements Host {
  readonly options = {};
  readonly isCluster = false;
  readonly [CLOCK]: Clock;
  isDead = false;

  constructor(readonly server: MemoryServer) {
    this[CLOCK] = server.time;
  }

  duplicate({ connectionName }: { connectionName?: string } = {}): MemoryConnection {
    return new MemoryConnection(this, connectionName);
  }

  /** Ends all connections for good. */
  kill(): void {
    this.isDead = true;
    this.disconnect();
  }

  disconnect(): void {
    for (const connection of this.server.connections.values())
      if (connection.host === this) connection.disconnect();
  }
}
