// A service of two instances and a client in a Cluster: six shards, twelve patterns.
import { Logger } from '@nestjs/common';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { Keys, shardOf } from 'nestjs-redis-streams/protocol';
import { firstValueFrom } from 'rxjs';
import type { KeptServer } from '../../tools/redis/kept-server.js';
import type { RedisCluster } from '../../tools/redis/cluster.js';

export const SHARDS = 6;
export const PATTERNS = Array.from({ length: 12 }, (_, i) => `work.${i}`);
/** Milliseconds that a call may take. */
const TIMEOUT = 20_000;

let places = 0;

export class Place {
  readonly prefix = `table-${process.pid}-${++places}`;
  /** How often each call ran, by its number. */
  readonly runs = new Map<number, number>();
  readonly services: ServerRedisStreams[] = [];
  readonly clients: ClientRedisStreams[] = [];

  constructor(private readonly cluster: RedisCluster) {
    Logger.overrideLogger(false);
  }

  /** The shard that has a pattern. */
  keys(pattern: string): Keys {
    return new Keys(this.prefix, shardOf(pattern, SHARDS), SHARDS);
  }

  ownerOf(pattern: string): Promise<KeptServer> {
    return this.cluster.ownerOf(this.keys(pattern).incarnation());
  }

  /** An instance; the answer to a call is its number, or as many characters as it asks for. */
  async serve(): Promise<ServerRedisStreams> {
    const server = new ServerRedisStreams({ ...this.where, group: 'table' });
    const handler = async ({ n, size = 0 }: { n: number; size?: number }) => {
      this.runs.set(n, (this.runs.get(n) ?? 0) + 1);
      return size > 0 ? 'x'.repeat(size) : n;
    };
    for (const pattern of PATTERNS) server.addHandler(pattern, handler, false, {});
    const failure = await new Promise<unknown>((listening) => {
      void server.listen(listening);
    });
    if (failure instanceof Error) throw failure;
    this.services.push(server);
    return server;
  }

  async client(): Promise<ClientRedisStreams> {
    const client = new ClientRedisStreams({ ...this.where, timeout: TIMEOUT });
    await client.connect();
    this.clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    await Promise.all(this.services.map((server) => server.close()));
  }

  private get where() {
    return { cluster: { nodes: this.cluster.addresses }, shards: SHARDS, prefix: this.prefix };
  }
}

export function call(
  client: ClientRedisStreams,
  pattern: string,
  n: number,
  size?: number,
): Promise<unknown> {
  return firstValueFrom(client.send(pattern, { n, size }));
}
