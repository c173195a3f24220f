import { RedisStreamsError } from '../errors.js';
import { resolveClientOptions, type RedisStreamsClientOptions } from '../options/index.js';
import { Keys } from '../protocol/keys.js';
import { numberOf, textsOf } from '../redis/answer.js';
import { CommandFailure } from '../redis/failure.js';
import type { Link } from '../redis/link.js';
import { checkLayout } from '../redis/operations/layout.js';
import { ShardConnection } from './shard-connection.js';

/** A prefix in a Redis or in a Cluster, with connections that look at each of its shards. */
export interface Place {
  readonly prefix: string;
  readonly shards: readonly ShardConnection[];
  /** One connection to each server that has a shard. */
  readonly servers: readonly Link[];
}

/**
 * Connects to a place, looks at it, and closes the connections.
 *
 * @param options those of a client; `shards` counts only where no service or client has noted the number. `timeout`
 * is how long the connections may take
 * @param tool who looks, in the names of the connections
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export async function withPlace<T>(
  options: RedisStreamsClientOptions | undefined,
  look: (place: Place) => Promise<T>,
  tool: 'operate' | 'metrics' = 'operate',
): Promise<T> {
  const resolved = resolveClientOptions(options);
  const { prefix } = resolved;
  const shared = { tool };
  const first = new ShardConnection(resolved, new Keys(prefix, 0, 1), 0, shared);
  const shards = [first];
  try {
    await first.connect();
    const count = (await asked(() => notedShards(first))) ?? resolved.shards;
    for (let shard = 1; shard < count; shard++) {
      shards.push(new ShardConnection(resolved, new Keys(prefix, shard, count), shard, shared));
    }
    await asked(() => checkLayout({ link: first.link, keys: new Keys(prefix, 0, count) }, false));
    await Promise.all(shards.slice(1).map((shard) => shard.connect()));
    return await asked(() => look({ prefix, shards, servers: serversOf(shards) }));
  } finally {
    await Promise.all(shards.map((shard) => shard.close()));
  }
}

/**
 * The number of shards of a place, as its first service or client noted it; undefined where none has.
 *
 * @param options those of a client
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export async function readShards(options?: RedisStreamsClientOptions): Promise<number | undefined> {
  const resolved = resolveClientOptions(options);
  const first = new ShardConnection(resolved, new Keys(resolved.prefix, 0, 1), 0, {
    tool: 'operate',
  });
  try {
    await first.connect();
    return await asked(() => notedShards(first));
  } finally {
    await first.close();
  }
}

async function notedShards({ link, keys }: ShardConnection): Promise<number | undefined> {
  const layout = keys.layout() as string;
  if ((await link.command('type', [layout])) !== 'hash') return undefined;
  const number = numberOf(await link.command('hget', [layout, 'shards']));
  return number >= 1 && number <= 256 ? number : undefined;
}

/** Shards whose servers do not say who they are count as one server each. */
function serversOf(shards: readonly ShardConnection[]): Link[] {
  const servers = new Map<unknown, Link>();
  for (const { link } of shards) servers.set(link.server ?? link, link);
  return [...servers.values()];
}

/** Redis' time, in milliseconds. */
export async function timeOfServer(link: Link): Promise<number> {
  const [seconds, micros] = textsOf(await link.command('time', []), 'TIME').map(Number);
  return (seconds ?? 0) * 1000 + Math.floor((micros ?? 0) / 1000);
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

/** The answer; `other` where a key is of another type, or this user may not ask. */
export async function unlessRefused<T>(answer: Promise<T>, other: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CommandFailure && error.kind === 'refused' && !error.passing) return other;
    throw error;
  }
}

/** Asks about many things, so many at once, and keeps their order. */
export async function inParts<T, R>(
  things: readonly T[],
  ask: (thing: T) => Promise<R>,
  width = 16,
): Promise<R[]> {
  const answers: R[] = [];
  for (let i = 0; i < things.length; i += width) {
    answers.push(...(await Promise.all(things.slice(i, i + width).map(ask))));
  }
  return answers;
}
