// A master, its replicas and three Sentinels: private servers on loopback.
import type { Redis } from 'ioredis';
import { startPrivateRedis } from '../redis.js';
import { eventually } from '../wait.js';
import { connectTo, KeptServer } from './kept-server.js';
import type { PrivateRedis } from './server-process.js';

export const MASTER_NAME = 'main';

export interface SentinelStartOptions {
  readonly replicas?: number;
  /** Milliseconds without an answer after which the master counts as down. */
  readonly downAfter?: number;
  /** Further arguments of the servers with data. */
  readonly args?: readonly string[];
}

/** What Sentinels watch. */
export class WatchedMaster {
  private readonly watchers: Redis[];

  private constructor(
    readonly servers: readonly KeptServer[],
    private readonly sentinels: readonly PrivateRedis[],
  ) {
    this.watchers = sentinels.map(({ port }) => connectTo(port));
  }

  static async start({
    replicas = 1,
    downAfter = 1000,
    args = [],
  }: SentinelStartOptions = {}): Promise<WatchedMaster> {
    const own = ['--repl-diskless-sync-delay', '0', ...args];
    const servers: KeptServer[] = [];
    for (let i = 0; i <= replicas; i++) {
      servers.push(new KeptServer(await startPrivateRedis({ args: own }), own));
    }
    const [master, ...others] = servers as [KeptServer, ...KeptServer[]];
    for (const { redis } of others) await redis.call('REPLICAOF', '127.0.0.1', String(master.port));
    const lines = [
      `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master.port} 2`,
      `sentinel down-after-milliseconds ${MASTER_NAME} ${downAfter}`,
      `sentinel failover-timeout ${MASTER_NAME} 4000`,
    ];
    const sentinels: PrivateRedis[] = [];
    for (let i = 0; i < 3; i++) sentinels.push(await startPrivateRedis({ sentinel: lines }));
    const watched = new WatchedMaster(servers, sentinels);
    await watched.settled();
    return watched;
  }

  /** The option `sentinels` of a client or a server. */
  get addresses(): { host: string; port: number }[] {
    return this.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
  }

  async stop(): Promise<void> {
    for (const watcher of this.watchers) watcher.disconnect();
    await Promise.all([...this.sentinels, ...this.servers].map((each) => each.stop()));
  }

  /** The master, as the first Sentinel sees it. */
  async master(): Promise<KeptServer> {
    const [watcher] = this.watchers as [Redis];
    const found = await watcher.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME);
    const port = Number((found as string[] | null)?.[1]);
    const server = this.servers.find((each) => each.port === port);
    if (server === undefined) throw new Error(`no server at ${port}`);
    return server;
  }

  /** Makes another server the master, with the consent of the present one. */
  async failOver(): Promise<void> {
    const [watcher] = this.watchers as [Redis];
    await watcher.call('SENTINEL', 'FAILOVER', MASTER_NAME);
  }

  /** Resolves when all Sentinels know each other and every replica. */
  async settled(): Promise<void> {
    const wanted = { others: this.sentinels.length - 1, replicas: this.servers.length - 1 };
    for (const watcher of this.watchers) {
      await eventually(async () => {
        const facts = (await watcher.call('SENTINEL', 'MASTER', MASTER_NAME)) as string[];
        const fact = (name: string) => facts[facts.indexOf(name) + 1];
        const sees = {
          others: Number(fact('num-other-sentinels')),
          replicas: Number(fact('num-slaves')),
        };
        if (JSON.stringify(sees) !== JSON.stringify(wanted) || fact('flags') !== 'master') {
          throw new Error(`a Sentinel sees ${JSON.stringify(sees)}, ${fact('flags')}`);
        }
      }, 30_000);
    }
    for (const { redis } of this.servers) {
      await eventually(async () => {
        const info = await redis.info('replication');
        if (/role:slave/.test(info) && !info.includes('master_link_status:up')) {
          throw new Error('a replica has no link to its master');
        }
      }, 30_000);
    }
  }
}
