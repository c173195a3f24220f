import { resolveClientOptions, type RedisStreamsClientOptions } from '../options/index.js';
import { Keys } from '../protocol/keys.js';
import { textsOf } from '../redis/answer.js';
import { CommandFailure } from '../redis/failure.js';
import type { Link } from '../redis/link.js';
import { KeptConnections, useKept } from './kept-connections.js';
import { asked, notedShards, openPlace, type Place } from './open-place.js';
import { OwnShardConnection } from './shard-connection.js';
import type { TimeLimit } from './time-limit.js';

/** Things that are asked about at once. */
const WIDTH = 16;

export { asked, type Place } from './open-place.js';

/** Where a read looks: the options of a client, or connections that were made before. */
export type Whereabouts = RedisStreamsClientOptions | KeptConnections;

/**
 * Connects to a place, looks at it, and closes the connections, unless they are kept.
 *
 * @param options those of a client; `shards` counts only where no service or client has noted the number. `timeout`
 * is how long the connections may take
 * @param tool who looks, in the names of the connections
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export async function withPlace<T>(
  options: Whereabouts | undefined,
  look: (place: Place) => Promise<T>,
  tool: 'operate' | 'metrics' = 'operate',
): Promise<T> {
  if (options instanceof KeptConnections)
    return useKept(options, (place) => asked(() => look(place)));
  const { place, close } = await openPlace(options, tool);
  try {
    return await asked(() => look(place));
  } finally {
    await close();
  }
}

/**
 * The number of shards of a place, as its first service or client noted it; undefined where none has.
 *
 * @param options those of a client
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export async function readShards(options?: Whereabouts): Promise<number | undefined> {
  if (options instanceof KeptConnections) {
    return useKept(options, ({ shards: [first] }) =>
      asked(async () => first && notedShards(first)),
    );
  }
  const resolved = resolveClientOptions(options);
  const first = new OwnShardConnection(resolved, new Keys(resolved.prefix, 0, 1), 0, {
    tool: 'operate',
  });
  try {
    await first.connect();
    return await asked(() => notedShards(first));
  } finally {
    await first.close();
  }
}

/** Redis' time, in milliseconds. */
export async function timeOfServer(link: Link): Promise<number> {
  const [seconds, micros] = textsOf(await link.command('time', []), 'TIME').map(Number);
  return (seconds ?? 0) * 1000 + Math.floor((micros ?? 0) / 1000);
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

/** The same until time is up: of those that were not asked about then there is no answer, and the limit knows it. */
export async function inTime<T, R>(
  limit: TimeLimit,
  what: string,
  things: readonly T[],
  ask: (thing: T) => Promise<R>,
): Promise<R[]> {
  const answers: R[] = [];
  while (answers.length < things.length && !limit.isOver) {
    const some = things.slice(answers.length, answers.length + WIDTH);
    answers.push(...(await inParts(some, ask)));
  }
  limit.note(what, answers.length, things.length);
  return answers;
}

/** Asks about many things, so many at once, and keeps their order. */
export async function inParts<T, R>(
  things: readonly T[],
  ask: (thing: T) => Promise<R>,
  width = WIDTH,
): Promise<R[]> {
  const answers: R[] = [];
  for (let i = 0; i < things.length; i += width) {
    answers.push(...(await Promise.all(things.slice(i, i + width).map(ask))));
  }
  return answers;
}
