import { randomUUID } from 'node:crypto';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { inject, onTestFinished } from 'vitest';
import { Keys } from '../../libs/redis-stream-transport/src/protocol/keys.js';
import { slotOf } from '../../libs/redis-stream-transport/src/protocol/slot.js';
import type { OwnedSlots } from '../global-setup.js';
import { redis, redisUrl } from './redis.js';

export interface PlaceOptions {
  /**
   * Of a server of the test's own, which it kills, freezes, fills or changes: never in the Cluster of the tests. By default
   * the place is where all tests are.
   */
  readonly url?: string;
  /** One of its own by default. */
  readonly prefix?: string;
  /** Instead of one server. */
  readonly cluster?: ClusterPlace | undefined;
}

/** The masters of a Cluster. */
export interface ClusterPlace {
  readonly addresses: { host: string; port: number }[];
  /** Undefined: slots may move. */
  readonly slots?: readonly OwnedSlots[];
}

/** The Cluster that all tests are played in; undefined: one Redis. */
export const testCluster: ClusterPlace | undefined = clusterOfTests();

function clusterOfTests(): ClusterPlace | undefined {
  const slots = inject('clusterNodes');
  return slots && { slots, addresses: slots.map(({ host, port }) => ({ host, port })) };
}

/** Options of a client or a server that lead here. */
export interface Address {
  readonly url?: string;
  readonly cluster?: {
    readonly nodes: { host: string; port: number }[];
    readonly options?: { natMap: Record<string, { host: string; port: number }> };
  };
  readonly prefix: string;
  readonly shards?: number;
}

export const uniquePrefix = (): string => `test-${randomUUID()}`;

/** One prefix in one Redis, and how to look at what is stored there. */
export class Place {
  readonly prefix: string;
  readonly keys: Keys;
  private readonly single: string;
  private readonly cluster: ClusterPlace | undefined;
  private connection: Redis | undefined;
  private toMasters: Redis | undefined;

  constructor({ url, prefix = uniquePrefix(), cluster }: PlaceOptions = {}) {
    this.single = url ?? redisUrl;
    this.cluster = cluster ?? (url === undefined ? testCluster : undefined);
    this.prefix = prefix;
    this.keys = new Keys(prefix, 0, 1);
  }

  /** For another view of the same place. */
  get options(): PlaceOptions {
    const { single: url, prefix, cluster } = this;
    return { url, prefix, cluster };
  }

  /** Of the server that has the keys: the one Redis, or their owner in the Cluster of the tests. */
  get url(): string {
    if (this.cluster === undefined) return this.single;
    const slot = slotOf(this.keys.incarnation());
    const owner = this.cluster.slots?.find(({ from, to }) => slot >= from && slot <= to);
    if (owner === undefined) throw new Error('in this Cluster the keys may move: ask it');
    return `redis://${owner.host}:${owner.port}`;
  }

  /** A plain connection to look and to meddle with, to the server that has the keys. */
  get redis(): Redis {
    const movable = this.cluster !== undefined && this.cluster.slots === undefined;
    return (this.connection ??= movable ? this.acrossShards : redis(this.url));
  }

  /** The same for the keys of all shards, which may be on several servers. */
  get acrossShards(): Redis {
    return this.cluster ? (this.toMasters ??= toAll(this.cluster)) : this.redis;
  }

  /** Options of a client that calls here. In a Cluster there is one shard, whose keys are `keys`. */
  get address(): Address {
    const { cluster, prefix, single: url } = this;
    return cluster ? { cluster: { nodes: cluster.addresses }, prefix, shards: 1 } : { url, prefix };
  }

  /** Instead of `address`: a client of ioredis that leads here and has never connected. */
  given(options: RedisOptions = {}) {
    const { cluster } = this;
    const client = cluster
      ? new Cluster(cluster.addresses, { redisOptions: options, lazyConnect: true })
      : new Redis(this.single, { ...options, lazyConnect: true });
    onTestFinished(() => client.disconnect());
    return { url: undefined, cluster: undefined, client, prefix: this.prefix };
  }

  /** The keys that fit a glob, on all masters. */
  async keysLike(glob: string): Promise<string[]> {
    const { slots } = this.cluster ?? {};
    const servers = slots?.map(({ host, port }) => redis(`redis://${host}:${port}`));
    const found = await Promise.all((servers ?? [this.redis]).map((each) => each.keys(glob)));
    return found.flat();
  }

  /** Key of a stream. */
  stream(name: string): string {
    return this.keys.stream(name);
  }

  length(stream: string): Promise<number> {
    return this.redis.xlen(this.stream(stream));
  }

  /** The fields of the entries of a stream. */
  async entries(stream: string): Promise<string[][]> {
    const entries = await this.redis.xrange(this.stream(stream), '-', '+');
    return entries.map(([, fields]) => fields);
  }

  /** The header lines of the entries of a stream. */
  async headerLines(stream: string): Promise<string[]> {
    const entries = await this.entries(stream);
    return entries.map((fields) => fields[fields.indexOf('c') + 1] as string);
  }

  /** The dead letters of a group as objects, oldest first. */
  async deadLetters(group = 'service'): Promise<Record<string, string>[]> {
    const letters = await this.redis.xrange(this.keys.dead(group), '-', '+');
    return letters.map(([, fields]) => {
      const letter: Record<string, string> = {};
      for (let i = 0; i < fields.length; i += 2) letter[fields[i]!] = fields[i + 1]!;
      return letter;
    });
  }

  /** Names of the consumers that a group lists. */
  async consumers(stream: string, group = 'service'): Promise<string[]> {
    const listed = await this.redis.xinfo('CONSUMERS', this.stream(stream), group);
    return (listed as string[][]).map((fields) => fields[1]!);
  }

  /** How many entries of a stream are handed out and not acknowledged. */
  async pending(stream: string, group = 'service'): Promise<number> {
    const [count] = await this.redis.xpending(this.stream(stream), group);
    return count as number;
  }
}

/** Commands with a key go to its owner, as those of a plain connection do. */
function toAll(cluster: ClusterPlace): Redis {
  const connection = new Cluster(cluster.addresses);
  connection.on('error', () => {});
  onTestFinished(() => connection.disconnect());
  return connection as unknown as Redis;
}
