// A Redis Cluster of private servers on loopback, made and moved by plain commands: no redis-cli is needed.
import { freePort } from '../free-port.js';
import { eventually, pause } from '../wait.js';
import { startPrivateRedis } from '../redis.js';
import { KeptServer } from './kept-server.js';
import { SlotMove } from './slot-move.js';
import type { TlsFiles } from './tls-files.js';

const SLOTS = 16_384;
/** Milliseconds within which a node answers that is well. */
const ANSWERS = 500;

export interface ClusterStartOptions {
  readonly masters?: number;
  /** For each master. */
  readonly replicas?: number;
  /** Milliseconds without an answer after which a node counts as failed. */
  readonly nodeTimeout?: number;
  /** Further arguments of each server. */
  readonly args?: readonly string[];
  readonly tls?: TlsFiles | undefined;
}

/** A node as the others see it. */
export interface SeenNode {
  readonly id: string;
  readonly port: number;
  readonly flags: readonly string[];
  /** Of a replica: the id of its master. */
  readonly master: string;
  readonly ranges: readonly (readonly [from: number, to: number])[];
  /** Of two nodes that claim a slot, the one with the higher epoch has it. */
  readonly epoch: number;
}

/** A cluster whose nodes can be killed, frozen, promoted and relieved of slots. */
export class RedisCluster {
  private constructor(
    readonly nodes: KeptServer[],
    private readonly options: Required<Omit<ClusterStartOptions, 'tls'>> &
      Pick<ClusterStartOptions, 'tls'>,
  ) {}

  static async start({
    masters = 3,
    replicas = 0,
    nodeTimeout = 1000,
    args = [],
    tls,
  }: ClusterStartOptions = {}): Promise<RedisCluster> {
    const options = { masters, replicas, nodeTimeout, args, tls };
    const cluster = new RedisCluster([], options);
    try {
      for (let i = 0; i < masters * (1 + replicas); i++) await cluster.add();
      await cluster.form();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** What the options `cluster.nodes` of a client or a server take. */
  get addresses(): { host: string; port: number }[] {
    return this.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /** Starts a server that is no member yet. */
  async add(): Promise<KeptServer> {
    const { nodeTimeout, args, tls } = this.options;
    const own = [
      ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
      ...['--cluster-node-timeout', String(nodeTimeout), '--repl-diskless-sync-delay', '0'],
      ...(tls ? ['--tls-cluster', 'yes'] : []),
      ...args,
    ];
    const node = new KeptServer(await startPrivateRedis({ args: own, tls }), own, tls);
    this.nodes.push(node);
    return node;
  }

  /** Makes a server a member that owns nothing. */
  async welcome(node: KeptServer, by: KeptServer): Promise<void> {
    const bus = /@(\d+)/.exec(await lines(by))?.[1] ?? '';
    await node.redis.call('CLUSTER', 'MEET', '127.0.0.1', String(by.port), bus);
  }

  /** Starts a server again that was killed, as a replica without data; the others forget what it was. */
  async revive(node: KeptServer, master: KeptServer): Promise<void> {
    const seen = await this.seenBy(master);
    const former = seen.find(({ port }) => port === node.port)?.id;
    await node.start();
    for (const other of this.nodes) {
      if (other === node || former === undefined) continue;
      await eventually(() => other.redis.call('CLUSTER', 'FORGET', former), 5000).catch(
        () => undefined,
      );
    }
    await this.welcome(node, master);
    await this.follow(node, master);
    await this.settled();
  }

  /** The masters that own slots. */
  async masters(): Promise<KeptServer[]> {
    const [first] = this.nodes as [KeptServer];
    const seen = await this.seenBy(first);
    return seen
      .filter(({ flags, ranges }) => flags.includes('master') && ranges.length > 0)
      .map(({ port }) => this.at(port));
  }

  /** The cluster as one of its nodes sees it. */
  async seenBy(node: KeptServer): Promise<SeenNode[]> {
    return (await lines(node)).trim().split('\n').map(parsed);
  }

  /**
   * The master that has the slot of a key: of all claims that nodes know, the one with the highest epoch. A node that
   * stands still is not waited for.
   */
  async ownerOf(key: string): Promise<KeptServer> {
    const claims = this.nodes.map(async (node) => {
      const slot = Number(await node.redis.call('CLUSTER', 'KEYSLOT', key));
      return (await this.seenBy(node)).filter(
        ({ flags, ranges }) =>
          flags.includes('master') &&
          !flags.includes('fail') &&
          ranges.some(([from, to]) => slot >= from && slot <= to),
      );
    });
    const known = await Promise.all(
      claims.map((claim) => Promise.race([claim.catch(() => []), pause(ANSWERS, [])])),
    );
    const [owner] = known.flat().toSorted((a, b) => b.epoch - a.epoch);
    if (owner === undefined) throw new Error(`nobody owns the slot of ${key}`);
    return this.at(owner.port);
  }

  /** A replica of a master. After a failover the new master learns of its replica some time later. */
  async replicaOf(master: KeptServer): Promise<KeptServer> {
    const id = String(await master.redis.call('CLUSTER', 'MYID'));
    return eventually(async () => {
      const seen = await this.seenBy(master);
      const replica = seen.find((node) => node.master === id && !node.flags.includes('fail'));
      if (replica === undefined) throw new Error(`${master.port} has no replica`);
      return this.at(replica.port);
    }, 20_000);
  }

  /** Moves the slot of a key, with what is in it. */
  async move(key: string, to: KeptServer): Promise<void> {
    const move = await SlotMove.begin(this, key, to);
    await move.finish();
  }

  /** Adds a master and its replica, which own nothing yet. */
  async grow(by: KeptServer): Promise<{ master: KeptServer; replica: KeptServer }> {
    const [master, replica] = [await this.add(), await this.add()];
    for (const node of [master, replica]) await this.welcome(node, by);
    await this.follow(replica, master);
    await this.settled();
    return { master, replica };
  }

  /** Makes the others forget a node that owns nothing any more, and stops it. */
  async remove(node: KeptServer): Promise<void> {
    const id = String(await node.redis.call('CLUSTER', 'MYID'));
    const others = this.nodes.filter((other) => other !== node);
    await Promise.all(others.map(({ redis }) => redis.call('CLUSTER', 'FORGET', id)));
    this.nodes.splice(this.nodes.indexOf(node), 1);
    await node.stop();
    await this.settled();
  }

  /** Resolves when all nodes agree that every slot has an owner, and each replica has what its master has. */
  async settled(): Promise<void> {
    await eventually(async () => {
      for (const node of this.nodes) {
        const info = String(await node.redis.call('CLUSTER', 'INFO'));
        if (!info.includes('cluster_state:ok')) throw new Error(`${node.port} is not ready`);
        if (!info.includes(`cluster_known_nodes:${this.nodes.length}`)) {
          throw new Error(`${node.port} does not know all nodes`);
        }
        const replication = await node.redis.info('replication');
        if (replication.includes('master_link_status:down')) {
          throw new Error(`${node.port} has no link to its master`);
        }
      }
    }, 20_000);
  }

  private at(port: number): KeptServer {
    const node = this.nodes.find((each) => each.port === port);
    if (node === undefined) throw new Error(`no node at ${port}`);
    return node;
  }

  private async form(): Promise<void> {
    const { masters } = this.options;
    const [first, ...others] = this.nodes as [KeptServer, ...KeptServer[]];
    const owners = this.nodes.slice(0, masters);
    for (const [i, node] of owners.entries()) {
      const from = Math.floor((i * SLOTS) / masters);
      const to = Math.floor(((i + 1) * SLOTS) / masters) - 1;
      await node.redis.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
      await node.redis.call('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
    }
    for (const node of others) await this.welcome(node, first);
    await this.settled();
    for (const [i, node] of this.nodes.slice(masters).entries()) {
      await this.follow(node, owners[i % masters] as KeptServer);
    }
    await this.settled();
  }

  /** Makes a member a replica, and waits until it has everything. */
  private async follow(node: KeptServer, master: KeptServer): Promise<void> {
    const id = String(await master.redis.call('CLUSTER', 'MYID'));
    await eventually(() => node.redis.call('CLUSTER', 'REPLICATE', id), 10_000);
    await eventually(async () => {
      const info = await node.redis.info('replication');
      if (!info.includes('master_link_status:up')) throw new Error('no link to its master yet');
    }, 20_000);
  }
}

const lines = async (node: KeptServer) => String(await node.redis.call('CLUSTER', 'NODES'));

/** `id host:port@bus flags master ping pong epoch link ranges…` */
function parsed(line: string): SeenNode {
  const [id = '', address = '', flags = '', master = '', , , epoch, , ...ranges] = line.split(' ');
  return {
    ...{ id, master, flags: flags.split(','), epoch: Number(epoch) },
    port: Number(/:(\d+)@/.exec(address)?.[1]),
    ranges: ranges
      .filter((range) => !range.startsWith('['))
      .map((range) => range.split('-').map(Number))
      .map(([from = 0, to = from]) => [from, to] as const),
  };
}
