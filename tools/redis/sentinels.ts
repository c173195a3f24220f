// A master, its replicas and three Sentinels: private servers on loopback.
import type { Redis } from 'ioredis';
import { startPrivateRedis } from '../redis.js';
import { eventually } from '../wait.js';
import { connectTo, KeptServer } from './kept-server.js';
import type { PrivateRedis } from './server-process.js';

export const MASTER_NAME = 'main';

/** Milliseconds within which all agree. */
const WITHIN = 30_000;

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

  /** The master, as a Sentinel sees it: the first one. */
  async master(watcher = this.watchers[0] as Redis): Promise<KeptServer> {
    const found = await watcher.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME);
    const port = Number((found as string[] | null)?.[1]);
    const server = this.servers.find((each) => each.port === port);
    if (server === undefined) throw new Error(`no server at ${port}`);
    return server;
  }

  /**
   * Resolves when all Sentinels name another master. One that has not heard of it yet takes a master that comes back for the
   * right one, and makes the other a replica again.
   */
  async replaced(master: KeptServer): Promise<void> {
    for (const watcher of this.watchers) {
      await eventually(async () => {
        if ((await this.master(watcher)) === master) throw new Error('a Sentinel names it still');
      }, WITHIN);
    }
  }

  /** Makes another server the master, with the consent of the present one. */
  async failOver(): Promise<void> {
    const [watcher] = this.watchers as [Redis];
    await watcher.call('SENTINEL', 'FAILOVER', MASTER_NAME);
  }

  /**
   * Resolves when there is one master: all Sentinels name it, know each other and every replica, and each other server
   * has what it has. A server that comes back is a master of its own until the Sentinels make it a replica, which takes
   * them some ten seconds.
   */
  async settled(): Promise<void> {
    for (const watcher of this.watchers) await eventually(() => this.agrees(watcher), WITHIN);
    await eventually(async () => {
      const master = await this.master();
      await Promise.all(this.servers.map((server) => follows(server, master)));
    }, WITHIN);
  }

  /** Fails unless a Sentinel sees a master that is well, and all others. */
  private async agrees(watcher: Redis): Promise<void> {
    const facts = (await watcher.call('SENTINEL', 'MASTER', MASTER_NAME)) as string[];
    const fact = (name: string) => facts[facts.indexOf(name) + 1];
    const sees = {
      master: Number(fact('port')),
      flags: fact('flags'),
      others: Number(fact('num-other-sentinels')),
      replicas: Number(fact('num-slaves')),
    };
    const wanted = {
      master: (await this.master()).port,
      flags: 'master',
      others: this.sentinels.length - 1,
      replicas: this.servers.length - 1,
    };
    if (JSON.stringify(sees) !== JSON.stringify(wanted)) {
      throw new Error(`a Sentinel sees ${JSON.stringify(sees)}`);
    }
  }
}

/** Fails unless a server is the master, or a replica that has what the master has. */
async function follows({ port, redis }: KeptServer, master: KeptServer): Promise<void> {
  const lines = (await redis.info('replication')).split('\r\n');
  const wanted =
    port === master.port
      ? ['role:master']
      : ['role:slave', `master_port:${master.port}`, 'master_link_status:up'];
  for (const line of wanted) {
    if (!lines.includes(line)) throw new Error(`the server at ${port} does not say ${line}`);
  }
}
