// A master and a replica that three Sentinels watch.
import type { Redis } from 'ioredis';
import { sweepLeftovers } from '../../tools/redis/leftovers.js';
import type { KeptServer } from '../../tools/redis/kept-server.js';
import { MASTER_NAME, WatchedMaster } from '../../tools/redis/sentinels.js';
import { versionOf, type Store } from './store.js';

export class ChaosWatched implements Store {
  private constructor(
    readonly servers: WatchedMaster,
    /** As of the last look. */
    public master: KeptServer,
    readonly version: string,
  ) {}

  static async start(): Promise<ChaosWatched> {
    sweepLeftovers();
    const servers = await WatchedMaster.start({ replicas: 1, downAfter: 1500 });
    const master = await servers.master();
    return new ChaosWatched(servers, master, await versionOf(master.redis));
  }

  get admin(): Redis {
    return this.master.redis;
  }

  get where(): object {
    return { sentinels: this.servers.addresses, name: MASTER_NAME };
  }

  /** Looks for the master again. */
  async look(): Promise<KeptServer> {
    return (this.master = await this.servers.master());
  }

  stop(): Promise<void> {
    return this.servers.stop();
  }
}
