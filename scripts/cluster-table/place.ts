// A service and its clients in a Cluster: six shards and twelve patterns, unless more are wanted.
import { Logger } from '@nestjs/common';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { Keys, shardOf } from 'nestjs-redis-streams/protocol';
import { firstValueFrom } from 'rxjs';
import type { KeptServer } from '../../tools/redis/kept-server.js';
import type { RedisCluster } from '../../tools/redis/cluster.js';

export const SHARDS = 6;
export const PATTERNS = patternsFor(SHARDS);
/** Milliseconds that a call may take. */
const TIMEOUT = 20_000;

/** Where a service and its clients are: all that a process must know. */
export interface Where {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly shards: number;
  readonly prefix: string;
  readonly patterns: readonly string[];
}

let places = 0;

/** Two for each shard, on average. */
export function patternsFor(shards: number): string[] {
  return Array.from({ length: 2 * shards }, (_, i) => `work.${i}`);
}

export class Place {
  readonly where: Where;
  /** How often each call ran, by its number. */
  readonly runs = new Map<number, number>();
  readonly services: ServerRedisStreams[] = [];
  readonly clients: ClientRedisStreams[] = [];

  constructor(
    private readonly cluster: RedisCluster,
    shards = SHARDS,
  ) {
    const prefix = `table-${process.pid}-${++places}`;
    this.where = { nodes: cluster.addresses, shards, prefix, patterns: patternsFor(shards) };
  }

  /** The shard that has a pattern. */
  keys(pattern: string): Keys {
    const { prefix, shards } = this.where;
    return new Keys(prefix, shardOf(pattern, shards), shards);
  }

  ownerOf(pattern: string): Promise<KeptServer> {
    return this.cluster.ownerOf(this.keys(pattern).incarnation());
  }

  /** The patterns of a master. */
  async patternsOf(master: KeptServer): Promise<Set<string>> {
    const { patterns } = this.where;
    const owners = await Promise.all(patterns.map((each) => this.ownerOf(each)));
    return new Set(patterns.filter((_, at) => owners[at] === master));
  }

  async serve(): Promise<ServerRedisStreams> {
    const server = await serveAt(this.where, (n) => {
      this.runs.set(n, (this.runs.get(n) ?? 0) + 1);
    });
    this.services.push(server);
    return server;
  }

  async client(): Promise<ClientRedisStreams> {
    const client = await clientAt(this.where);
    this.clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    await Promise.all(this.services.map((server) => server.close()));
  }
}

/** An instance; the answer to a call is its number, or as many characters as it asks for. */
export async function serveAt(
  where: Where,
  ran: (n: number) => void = () => undefined,
): Promise<ServerRedisStreams> {
  const server = new ServerRedisStreams({ ...optionsOf(where), group: 'table' });
  const handler = async ({ n, size = 0 }: { n: number; size?: number }) => {
    ran(n);
    return size > 0 ? 'x'.repeat(size) : n;
  };
  for (const pattern of where.patterns) server.addHandler(pattern, handler, false, {});
  const failure = await new Promise<unknown>((listening) => {
    void server.listen(listening);
  });
  if (failure instanceof Error) throw failure;
  return server;
}

export async function clientAt(where: Where): Promise<ClientRedisStreams> {
  const client = new ClientRedisStreams({ ...optionsOf(where), timeout: TIMEOUT });
  await client.connect();
  return client;
}

function optionsOf({ nodes, shards, prefix }: Where) {
  Logger.overrideLogger(false);
  return { cluster: { nodes: [...nodes] }, shards, prefix };
}

export function call(
  client: ClientRedisStreams,
  pattern: string,
  n: number,
  size?: number,
): Promise<unknown> {
  return firstValueFrom(client.send(pattern, { n, size }));
}
