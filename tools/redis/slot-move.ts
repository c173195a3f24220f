// The slot of a key on its way to another master, with what is in it, as `redis-cli --cluster reshard` moves it.
import { eventually } from '../wait.js';
import type { KeptServer } from './kept-server.js';

/** What a move needs of a cluster. */
interface Nodes {
  readonly nodes: readonly KeptServer[];
  ownerOf(key: string): Promise<KeptServer>;
  replicaOf(master: KeptServer): Promise<KeptServer>;
}

/** Keys that travel in one command. */
const AT_ONCE = 100;

export class SlotMove {
  private constructor(
    private readonly cluster: Nodes,
    private readonly slot: string,
    private readonly from: KeptServer,
    private to: KeptServer,
  ) {}

  /** Declares it: from now on the owner answers ASK for keys that it does not have. */
  static async begin(cluster: Nodes, key: string, to: KeptServer): Promise<SlotMove> {
    const from = await cluster.ownerOf(key);
    const slot = String(await from.redis.call('CLUSTER', 'KEYSLOT', key));
    const move = new SlotMove(cluster, slot, from, to);
    await move.declare();
    return move;
  }

  /** Takes a part of the keys over. How many that were. */
  async carry(share: number): Promise<number> {
    const count = Math.ceil((await this.keysAt(this.from)) * share);
    return this.migrate(count);
  }

  /** Keys of the slot that are at the owner, and at the target. */
  async places(): Promise<{ from: number; to: number }> {
    return { from: await this.keysAt(this.from), to: await this.keysAt(this.to) };
  }

  /**
   * The replica of the target takes its place, as is planned. Redis tells no replica that a slot is on its way, so it is
   * declared again. The other way round that cannot be done: the replica of the owner would serve what it has left.
   */
  async failOverTarget(): Promise<void> {
    const replica = await this.cluster.replicaOf(this.to);
    await replica.redis.call('CLUSTER', 'FAILOVER');
    await eventually(async () => {
      const [role] = await replica.redis.role();
      if (role !== 'master') throw new Error('the replica of the target has not taken over');
    }, 20_000);
    this.to = replica;
    await eventually(() => this.declare(), 10_000);
  }

  /** Takes the rest of the keys over, and tells all nodes who owns the slot. */
  async finish(): Promise<void> {
    while ((await this.migrate(AT_ONCE)) > 0);
    const id = await idOf(this.to);
    // The target first: who asks the former owner next is sent to a node that knows that it has the slot.
    for (const node of [this.to, this.from, ...this.cluster.nodes]) {
      await node.redis.call('CLUSTER', 'SETSLOT', this.slot, 'NODE', id).catch(() => undefined);
    }
  }

  private async declare(): Promise<void> {
    const [fromId, toId] = await Promise.all([idOf(this.from), idOf(this.to)]);
    await this.to.redis.call('CLUSTER', 'SETSLOT', this.slot, 'IMPORTING', fromId);
    await this.from.redis.call('CLUSTER', 'SETSLOT', this.slot, 'MIGRATING', toId);
  }

  private async keysAt(node: KeptServer): Promise<number> {
    return Number(await node.redis.call('CLUSTER', 'COUNTKEYSINSLOT', this.slot));
  }

  private async migrate(count: number): Promise<number> {
    const asked = ['GETKEYSINSLOT', this.slot, String(count)];
    const keys = (await this.from.redis.call('CLUSTER', ...asked)) as string[];
    const place = ['127.0.0.1', String(this.to.port), '', '0', '5000'];
    if (keys.length > 0) await this.from.redis.call('MIGRATE', ...place, 'KEYS', ...keys);
    return keys.length;
  }
}

const idOf = async (node: KeptServer) => String(await node.redis.call('CLUSTER', 'MYID'));
