// A master and a replica that three Sentinels watch.
import type { Redis } from 'ioredis';
import { sweepLeftovers } from '../../tools/redis/leftovers.js';
import type { KeptServer } from '../../tools/redis/kept-server.js';
import { MASTER_NAME, WatchedMaster } from '../../tools/redis/sentinels.js';
import { versionOf, type Replicated } from './store.js';

export class ChaosWatched implements Replicated {
  readonly waitsForReplica = false;

  private constructor(
    readonly servers: WatchedMaster,
    /** As of the last look. */
    public primary: KeptServer,
    readonly version: string,
  ) {}

  static async start(): Promise<ChaosWatched> {
    sweepLeftovers();
    const servers = await WatchedMaster.start({ replicas: 1, downAfter: 1500 });
    const master = await servers.master();
    return new ChaosWatched(servers, master, await versionOf(master.redis));
  }

  get admin(): Redis {
    return this.primary.redis;
  }

  get where(): object {
    return { sentinels: this.servers.addresses, name: MASTER_NAME };
  }

  /** Looks for the master again. */
  async look(): Promise<KeptServer> {
    return (this.primary = await this.servers.master());
  }

  failOver(): Promise<void> {
    return this.servers.failOver();
  }

  async revive(former: KeptServer): Promise<void> {
    await former.start();
    await this.servers.settled();
  }

  /** Sentinels do it after some ten seconds. */
  async rejoin(): Promise<void> {
    const master = await this.look();
    for (const { port, redis } of this.servers.servers) {
      if (port === master.port || !(await redis.info('replication')).includes('role:master'))
        continue;
      await redis.call('REPLICAOF', '127.0.0.1', String(master.port));
    }
  }

  settled(): Promise<void> {
    return this.servers.settled();
  }

  stop(): Promise<void> {
    return this.servers.stop();
  }
}
