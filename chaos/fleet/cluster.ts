// A Cluster of three masters with a replica each. All that a run stores is in one shard, so one of them has it.
import type { Redis } from 'ioredis';
import { RedisCluster } from '../../tools/redis/cluster.js';
import type { KeptServer } from '../../tools/redis/kept-server.js';
import { SlotMove } from '../../tools/redis/slot-move.js';
import { sweepLeftovers } from '../../libs/redis-stream-transport/src/testing/redis-server/leftovers.js';
import { versionOf, type Replicated } from './store.js';

export class ChaosCluster implements Replicated {
  readonly waitsForReplica = true;
  private readonly added: KeptServer[] = [];

  private constructor(
    readonly nodes: RedisCluster,
    /** A key of the shard. */
    private readonly key: string,
    /** The master that has the shard, as of the last look. */
    public primary: KeptServer,
    readonly version: string,
  ) {}

  static async start(prefix: string): Promise<ChaosCluster> {
    sweepLeftovers();
    const nodes = await RedisCluster.start({ masters: 3, replicas: 1, nodeTimeout: 1500 });
    const key = `{${prefix}}:incarnation`;
    const owner = await nodes.ownerOf(key);
    return new ChaosCluster(nodes, key, owner, await versionOf(owner.redis));
  }

  get admin(): Redis {
    return this.primary.redis;
  }

  get where(): object {
    return { cluster: { nodes: this.nodes.addresses }, shards: 1 };
  }

  /** Looks for the owner again. */
  async look(): Promise<KeptServer> {
    return (this.primary = await this.nodes.ownerOf(this.key));
  }

  async failOver(): Promise<void> {
    const replica = await this.nodes.replicaOf(this.primary);
    await replica.redis.call('CLUSTER', 'FAILOVER');
  }

  revive(former: KeptServer): Promise<void> {
    return this.nodes.revive(former, this.primary);
  }

  /** Nodes see to that themselves. */
  async rejoin(): Promise<void> {}

  settled(): Promise<void> {
    return this.nodes.settled();
  }

  /** Adds a master with a replica. It owns nothing yet. */
  async grow(): Promise<KeptServer> {
    const { master, replica } = await this.nodes.grow(this.primary);
    this.added.push(replica, master);
    return master;
  }

  /** Removes what was added; the shard has left it. */
  async shrink(): Promise<void> {
    for (const node of this.added.splice(0)) await this.nodes.remove(node);
  }

  /** Declares that the shard moves to another master, and moves nothing yet. */
  beginMove(to: KeptServer): Promise<SlotMove> {
    return SlotMove.begin(this.nodes, this.key, to);
  }

  /** Moves the shard to another master, or back. */
  async move(to: KeptServer): Promise<void> {
    await this.nodes.move(this.key, to);
    await this.look();
  }

  stop(): Promise<void> {
    return this.nodes.stop();
  }
}
