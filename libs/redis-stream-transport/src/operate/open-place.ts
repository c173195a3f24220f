import { RedisStreamsError } from '../errors.js';
import { resolveClientOptions, type RedisStreamsClientOptions } from '../options/index.js';
import { Keys } from '../protocol/keys.js';
import { numberOf } from '../redis/answer.js';
import { CommandFailure } from '../redis/failure.js';
import type { Link } from '../redis/link.js';
import { checkLayout } from '../redis/operations/layout.js';
import { OwnShardConnection, type ShardConnection } from './shard-connection.js';

/** A prefix in a Redis or in a Cluster, with connections that look at each of its shards. */
export interface Place {
  readonly prefix: string;
  readonly shards: readonly ShardConnection[];
  /** One connection to each server that has a shard. */
  readonly servers: readonly Link[];
}

/** A place with its connections. */
export interface OpenPlace {
  readonly place: Place;
  /** Its number of shards was noted. */
  readonly isNoted: boolean;
  readonly close: () => Promise<void>;
}

/** @throws RedisStreamsError as `withPlace` */
export async function openPlace(
  options: RedisStreamsClientOptions | undefined,
  tool: 'operate' | 'metrics',
): Promise<OpenPlace> {
  const resolved = resolveClientOptions(options);
  const { prefix } = resolved;
  const shared = { tool };
  const first = new OwnShardConnection(resolved, new Keys(prefix, 0, 1), 0, shared);
  const shards = [first];
  const close = async (): Promise<void> => {
    await Promise.all(shards.map((shard) => shard.close()));
  };
  try {
    await first.connect();
    const noted = await asked(() => notedShards(first));
    const count = noted ?? resolved.shards;
    for (let shard = 1; shard < count; shard++) {
      shards.push(new OwnShardConnection(resolved, new Keys(prefix, shard, count), shard, shared));
    }
    await asked(() => checkLayout({ link: first.link, keys: new Keys(prefix, 0, count) }, false));
    await Promise.all(shards.slice(1).map((shard) => shard.connect()));
    const place = { prefix, shards, servers: serversOf(shards) };
    return { place, isNoted: noted !== undefined, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The number of shards, as the first service or client noted it. */
export async function notedShards({ link, keys }: ShardConnection): Promise<number | undefined> {
  const layout = keys.layout() as string;
  if ((await link.command('type', [layout])) !== 'hash') return undefined;
  const number = numberOf(await link.command('hget', [layout, 'shards']));
  return number >= 1 && number <= 256 ? number : undefined;
}

/** One connection to each server. Shards whose servers do not say who they are count as one server each. */
export function serversOf(shards: readonly ShardConnection[]): Link[] {
  const servers = new Map<unknown, Link>();
  for (const { link } of shards) servers.set(link.server ?? link, link);
  return [...servers.values()];
}

/** Failures of commands become errors that users know. */
export async function asked<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    throw new RedisStreamsError('REDIS', error.message, { outcome: 'not-run', cause: error });
  }
}
