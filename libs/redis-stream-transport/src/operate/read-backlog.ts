import { resolveClientOptions, type RedisStreamsClientOptions } from '../options/index.js';
import { Keys } from '../protocol/keys.js';
import type { Backlog } from './backlog.js';
import { ShardReader } from './shard-reader.js';

/**
 * Reads what is left in a place. Needs no service, and changes nothing in Redis. It scans all keys of the servers that
 * have a shard, in small steps: not something to ask every second.
 *
 * @param options those of a client; `shards` counts only where no service or client has noted the number. `timeout`
 * is how long the connections may take
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export async function readBacklog(options?: RedisStreamsClientOptions): Promise<Backlog> {
  const resolved = resolveClientOptions(options);
  const { prefix } = resolved;
  const first = new ShardReader(resolved, new Keys(prefix, 0, 1));
  const readers = [first];
  try {
    await first.connect();
    const shards = (await first.notedShards()) ?? resolved.shards;
    for (let shard = 1; shard < shards; shard++) {
      readers.push(new ShardReader(resolved, new Keys(prefix, shard, shards)));
    }
    await first.checkLayout(new Keys(prefix, 0, shards));
    const found = await Promise.all(
      readers.map(async (reader, shard) => {
        await reader.connect();
        return reader.read(shard);
      }),
    );
    const letters: Record<string, number> = {};
    for (const [group, count] of found.flatMap(({ deadLetters }) => deadLetters)) {
      letters[group] = (letters[group] ?? 0) + count;
    }
    return {
      shards,
      streams: found
        .flatMap(({ streams }) => streams)
        .toSorted((a, b) => (a.stream < b.stream ? -1 : 1)),
      deadLetters: letters,
      callers: new Set(found.flatMap(({ callers }) => callers)).size,
    };
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}
