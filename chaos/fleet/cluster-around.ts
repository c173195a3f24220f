// The Redis of a run as one of three masters of a Cluster: it owns the slot of the run, and can do all that it can alone.
import { freePort } from '../../tools/free-port.js';
import { KeptServer } from '../../tools/redis/kept-server.js';
import { startPrivateRedis } from '../../tools/redis.js';
import { eventually } from '../../tools/wait.js';
import { orders, type ChaosRedis } from './redis.js';

const HOST = '127.0.0.1';
const SLOTS = 16_384;
const MASTERS = 3;

/**
 * Milliseconds that a master needs after its start until it serves keys again: Redis waits two seconds
 * (`CLUSTER_WRITABLE_DELAY`), and looks at its state ten times a second after the node timeout.
 */
export const REJOIN = 4000;

/** Arguments that make a server a node. Without replicas nobody takes its place while it is away. */
export async function nodeArguments(): Promise<string[]> {
  return [
    ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
    ...['--cluster-node-timeout', '1000', '--cluster-require-full-coverage', 'no'],
  ];
}

/** Two masters beside the Redis of a run. */
export class ClusterAround {
  private constructor(
    private readonly redis: ChaosRedis,
    private readonly others: readonly KeptServer[],
  ) {}

  /** @param redis started with `nodeArguments()` */
  static async start(redis: ChaosRedis, prefix: string): Promise<ClusterAround> {
    const others: KeptServer[] = [];
    for (let i = 1; i < MASTERS; i++) {
      const args = await nodeArguments();
      others.push(new KeptServer(await startPrivateRedis({ args }), args));
    }
    const cluster = new ClusterAround(redis, others);
    await cluster.form(`{${prefix}}`);
    return cluster;
  }

  /**
   * Options that lead a client or a service there.
   * @param proxy the port of a proxy before the Redis of the run
   */
  where(proxy?: number): object {
    const port = proxy ?? this.redis.port;
    const natMap = { [`${HOST}:${this.redis.port}`]: { host: HOST, port } };
    return { cluster: { nodes: [{ host: HOST, port }], options: { natMap } }, shards: 1 };
  }

  async stop(): Promise<void> {
    await Promise.all(this.others.map((node) => node.stop()));
  }

  private async form(key: string): Promise<void> {
    const first = await orders(this.redis.port);
    try {
      const all = [first.redis, ...this.others.map(({ redis }) => redis)];
      const slot = Number(await first.redis.call('CLUSTER', 'KEYSLOT', key));
      const own = Math.floor((slot * MASTERS) / SLOTS);
      const bounds = (part: number): string[] =>
        [Math.ceil((part * SLOTS) / MASTERS), Math.ceil(((part + 1) * SLOTS) / MASTERS) - 1].map(
          String,
        );
      for (const [i, node] of all.entries()) {
        await node.call('CLUSTER', 'ADDSLOTSRANGE', ...bounds((own + i) % MASTERS));
        await node.call('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
      }
      const bus = /@(\d+)/.exec(String(await first.redis.call('CLUSTER', 'NODES')))?.[1] ?? '';
      for (const node of all.slice(1)) {
        await node.call('CLUSTER', 'MEET', HOST, String(this.redis.port), bus);
      }
      for (const node of all) {
        await eventually(async () => {
          const info = String(await node.call('CLUSTER', 'INFO'));
          expectLines(info, ['cluster_state:ok', `cluster_known_nodes:${MASTERS}`]);
        }, 20_000);
      }
    } finally {
      await first.close();
    }
  }
}

function expectLines(info: string, lines: readonly string[]): void {
  for (const line of lines) if (!info.includes(line)) throw new Error(`CLUSTER INFO lacks ${line}`);
}
