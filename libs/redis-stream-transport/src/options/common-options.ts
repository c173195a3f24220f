import { bytes, count, duration, instance, invalid, text, type Option } from './option.js';
import { isCodecName } from '../protocol/header.js';
import { lanes } from './lanes.js';
import type { RedisTarget } from './redis-options.js';
import { replicas, type Replicas } from './replicas.js';

/** Writes the data of entries (the field `d`). Nest's `Serializer` fits, and may answer with a promise. */
export interface PacketSerializer {
  /**
   * Name of what it writes, in lower-case letters, digits and hyphens. It is sent with the data, and a side that
   * reads something else refuses it with CODEC_MISMATCH. Default: none, and nothing is compared.
   */
  readonly codec?: string;
  serialize(value: unknown, options?: Record<string, unknown>): unknown;
}

/** Reads the data of entries (the field `d`). Nest's `Deserializer` fits. */
export interface PacketDeserializer {
  /** Name of what it reads. Default: none. */
  readonly codec?: string;
  deserialize(value: unknown, options?: Record<string, unknown>): unknown;
}

/** Options that servers and clients share. They must be alike on both sides. */
export interface CommonOptions {
  /** First part of every key, and the hash tag of a shard. Default: 'nrs'. */
  prefix?: string;
  /**
   * The longest data of one entry, in bytes of UTF-8 as written to Redis; longer data fails with
   * PAYLOAD_TOO_LARGE. Default: 1 MiB.
   */
  maxPayloadBytes?: number;
  /**
   * Patterns that share a stream, by the name of the lane. A stream per pattern shows backlog per
   * pattern; over a hundred streams reading gets slower. Default: none.
   */
  lanes?: Readonly<Record<string, readonly string[]>>;
  /**
   * Hash slots that the patterns are spread over; more than one is for Cluster. All services and
   * clients with the same `prefix` must have the same number. Default: 1, in a Cluster 24.
   */
  shards?: number;
  /**
   * How many replicas must have what this side stores before it counts as stored, see below. Default: none, what the
   * master has counts.
   */
  replicas?: Replicas;
  /** Writes packets. Default: JSON of the data alone. */
  serializer?: PacketSerializer;
  /** Reads what the other side's serializer wrote. Default: JSON of the data alone. */
  deserializer?: PacketDeserializer;
  /**
   * Failed tries after which `connect()` and `listen()` reject with NOT_CONNECTED; without it they
   * wait for Redis, while calls still end at their deadline. Default: none.
   */
  retryAttempts?: number;
  /**
   * The longest pause between two tries to connect, in milliseconds; pauses grow towards it, with
   * jitter, until a connection has lived that long, and a second at least. Default: 1000.
   */
  retryDelay?: number;
}

/** Shards of a place at most. */
export const MAX_SHARDS = 256;

const KEY_NAME = {
  max: 128,
  pattern: /^[^\s{}\p{Cc}\p{Cs}]+$/u,
  wanted: 'a name without whitespace and braces',
};

export const COMMON_TABLE = {
  prefix: keyName('nrs'),
  maxPayloadBytes: bytes({ default: 1_048_576, min: 1, max: 67_108_864 }),
  lanes,
  shards: count({ min: 1, max: MAX_SHARDS }),
  replicas,
  serializer: coder<PacketSerializer>('Nest `Serializer`', 'serialize'),
  deserializer: coder<PacketDeserializer>('Nest `Deserializer`', 'deserialize'),
  retryAttempts: count({ min: 1, max: 1_000_000 }),
  retryDelay: duration({ default: 1000, min: 1, max: 60_000 }),
} as const satisfies Record<keyof CommonOptions, Option>;

/** Three, four, six, eight and twelve masters have equally many of so many shards (docs/decisions/0031). */
const SHARDS_OF_CLUSTER = 24;

/** The number of shards, unless the user gives one. */
export function defaultShards(redis: RedisTarget): number {
  const isCluster = redis.kind === 'client' ? redis.client.isCluster : redis.kind === 'cluster';
  return isCluster ? SHARDS_OF_CLUSTER : 1;
}

/**
 * An option for a name that becomes part of keys. Braces would end the hash tag, and whitespace would make keys hard to
 * type elsewhere.
 */
export function keyName(name: string): Option<string, string> {
  return text({ default: name, ...KEY_NAME });
}

/** A group, where none is the server's. */
export const groupName = text(KEY_NAME);

/** An option for one half of a codec. Its name becomes part of header lines. */
function coder<T extends { readonly codec?: string }>(
  type: string,
  method: keyof T & string,
): Option<T, undefined> {
  const option = instance<T>(type, method);
  return {
    ...option,
    read(value, name, place) {
      const read = option.read(value, name, place);
      if (read.codec === undefined || isCodecName(read.codec)) return read;
      const wanted = 'named in 1 to 32 lower-case letters, digits and hyphens';
      throw invalid(place, `${name}.codec`, wanted, read.codec);
    },
  };
}
