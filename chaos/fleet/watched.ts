// A master and a replica that three Sentinels watch.
import type { Redis } from 'ioredis';
import { freePort } from '../../tools/free-port.js';
import { eventually, pause } from '../../tools/wait.js';
import { sweepLeftovers } from '../../libs/redis-stream-transport/src/testing/redis-server/leftovers.js';
import type { KeptServer } from '../../tools/redis/kept-server.js';
import { MASTER_NAME, WatchedMaster } from '../../tools/redis/sentinels.js';
import { writtenBy } from './offset-watch.js';
import { versionOf, type Replicated } from './store.js';

/** Milliseconds until the replica lacks something. Sentinels have it follow the master again after some ten seconds. */
const LACKS_WITHIN = 5000;

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

  /** It is a master of its own until the Sentinels, or `rejoin`, make it a replica. */
  async revive(former: KeptServer): Promise<void> {
    await former.start();
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

  /**
   * Has the replica follow a server that is not there, for some milliseconds: it keeps what it has, and receives nothing
   * more. A replica that only stood still would find all of it in its socket. Goes on until the replica lacks something:
   * between their bursts all callers may be silent for a second.
   */
  async leaveBehind(ms: number): Promise<void> {
    const replica = this.servers.servers.find(({ port }) => port !== this.primary.port);
    if (replica === undefined) throw new Error('there is no replica');
    await replica.redis.call('REPLICAOF', '127.0.0.1', String(await freePort()));
    await pause(ms);
    await eventually(async () => {
      const missing = (await writtenBy(this.primary)) - (await writtenBy(replica));
      if (missing <= 0) throw new Error('the replica has received everything');
    }, LACKS_WITHIN);
  }

  settled(): Promise<void> {
    return this.servers.settled();
  }

  stop(): Promise<void> {
    return this.servers.stop();
  }
}
