import { RedisStreamsError } from '../errors.js';
import { startup } from '../nest/startup.js';
import type { ResolvedClientOptions } from '../options/index.js';
import type { Keys } from '../protocol/keys.js';
import { listOf, numberOf, textOr, textsOf } from '../redis/answer.js';
import { slotOwner } from '../redis/cluster/slot-owner.js';
import { connectionNames, thisApplication, thisProcess } from '../redis/connection-name.js';
import { CommandFailure } from '../redis/failure.js';
import { Link, type LinkObserver } from '../redis/link.js';
import { checkLayout } from '../redis/operations/layout.js';
import { run } from '../redis/operations/script.js';
import { deadline } from '../redis/pauses.js';
import type { GroupBacklog, StreamBacklog } from './backlog.js';
import { COUNTED, streamBacklogScript } from './stream-backlog.lua.js';

/** Keys that one step of a scan looks at. */
const STEP = 1000;
/** Streams that are asked about at once. */
const WIDTH = 16;
/** Texts that the script says of each group. */
const PER_GROUP = 5;

/** What is left in one shard. */
export interface ShardBacklog {
  readonly streams: readonly StreamBacklog[];
  readonly deadLetters: readonly (readonly [group: string, count: number])[];
  /** Ids of clients that have called. They are secrets. */
  readonly callers: readonly string[];
}

/** Reads what is left in one shard, over a connection of its own. Changes nothing. */
export class ShardReader {
  private readonly link: Link;
  private readonly up: Promise<void>;
  private readonly start;

  constructor(
    private readonly options: ResolvedClientOptions,
    private readonly keys: Keys,
  ) {
    const { redis, retryDelay, retryAttempts } = options;
    const start = startup(retryAttempts);
    this.start = start;
    const observer: LinkObserver = {
      ready: noop,
      closed: noop,
      failed: (role, error, attempt) => start.failed(role, error, attempt),
    };
    const name = connectionNames('operate', thisApplication(), thisProcess);
    const server = slotOwner(redis, keys.incarnation());
    let connected = noop;
    this.up = new Promise((resolve) => (connected = resolve));
    this.link = new Link(
      'commands',
      { target: redis, maxPause: retryDelay, name, observer, server },
      { up: async () => connected(), down: noop },
    );
  }

  /** @throws RedisStreamsError NOT_CONNECTED, REDIS */
  async connect(): Promise<void> {
    this.link.start();
    const { timeout } = this.options;
    const limit = deadline(timeout, 'no connection in time');
    try {
      await this.start.until(Promise.race([this.up, limit.promise]));
    } catch (error) {
      if (RedisStreamsError.isRedisStreamsError(error)) throw error;
      const cause = this.link.obstacle ?? error;
      throw new RedisStreamsError('NOT_CONNECTED', `Redis was not reached in ${timeout} ms`, {
        cause,
      });
    } finally {
      limit.cancel();
    }
  }

  close(): Promise<void> {
    return this.link.stop();
  }

  /** The number of shards that the first start noted. Of the first shard only. */
  notedShards(): Promise<number | undefined> {
    return asked(async () => {
      const type = await this.link.command('type', [this.keys.layout() as string]);
      if (type !== 'hash') return undefined;
      const noted = await this.link.command('hget', [this.keys.layout() as string, 'shards']);
      const number = numberOf(noted);
      return number >= 1 && number <= 256 ? number : undefined;
    });
  }

  /** @throws RedisStreamsError REDIS if the shards were placed by another version */
  checkLayout(keys: Keys): Promise<void> {
    return asked(() => checkLayout({ link: this.link, keys }, false));
  }

  /** @param shard its number @throws RedisStreamsError REDIS */
  read(shard: number): Promise<ShardBacklog> {
    return asked(async () => {
      const found = await this.scan();
      const dead = this.keys.dead('');
      const names = named(found, this.keys.stream(''));
      const streams: (StreamBacklog | undefined)[] = [];
      for (let i = 0; i < names.length; i += WIDTH) {
        const some = names.slice(i, i + WIDTH).map((name) => this.stream(name, shard));
        streams.push(...(await Promise.all(some)));
      }
      const letters: [string, number][] = [];
      for (const group of named(found, dead)) {
        const count = numberOf(await this.link.command('xlen', [dead + group]));
        if (count > 0) letters.push([group, count]);
      }
      const log = this.keys.log('');
      const channels = await this.link.command('pubsub', ['SHARDCHANNELS', `${literal(log)}*`]);
      return {
        streams: streams.filter((stream) => stream !== undefined),
        deadLetters: letters,
        callers: named(textsOf(channels, 'PUBSUB'), log),
      };
    });
  }

  /** Keys of streams: those with entries, and those of dead letters. Each once. */
  private async scan(): Promise<string[]> {
    const found = new Set<string>();
    const match = `${literal(this.keys.stream('').slice(0, -'s:'.length))}[sd]*`;
    const how = ['MATCH', match, 'COUNT', String(STEP), 'TYPE', 'stream'];
    let cursor = '0';
    do {
      const [next, keys] = listOf(await this.link.command('scan', [cursor, ...how]), 'SCAN');
      cursor = textOr(next, '0');
      for (const key of textsOf(keys, 'SCAN')) found.add(key);
    } while (cursor !== '0');
    return [...found];
  }

  /** Undefined if the stream went meanwhile. */
  private async stream(name: string, shard: number): Promise<StreamBacklog | undefined> {
    const { link, keys } = this;
    const [stream, due, started] = [keys.stream(name), keys.due(name), keys.started(name)];
    const answer = await run(link, streamBacklogScript, { stream, due, started, counted: COUNTED });
    const [length, quietFor, now = '', ...said] = textsOf(answer, 'stream-backlog');
    if (length === undefined) return undefined;
    const groups: Promise<GroupBacklog>[] = [];
    for (let i = 0; i + PER_GROUP <= said.length; i += PER_GROUP) {
      const [group = '', ...counts] = said.slice(i, i + PER_GROUP);
      groups.push(this.group(group, now, counts.map(numberOf)));
    }
    return {
      ...{ stream: name, shard, length: numberOf(length) },
      quietFor: quietFor === '' ? undefined : numberOf(quietFor),
      groups: await Promise.all(groups),
    };
  }

  private async group(
    group: string,
    now: string,
    counts: readonly number[],
  ): Promise<GroupBacklog> {
    const [unread = 0, pending = 0, retries = 0, running = 0] = counts;
    const service = group.replace(/\{.*$/, '');
    const living = [this.keys.members(service), now, '+inf'];
    const instances = numberOf(await this.link.command('zcount', living));
    return { group, instances, unread, pending, retries, running };
  }
}

/** What follows a beginning that keys have, of those that have it. */
function named(keys: readonly string[], beginning: string): string[] {
  return keys.filter((key) => key.startsWith(beginning)).map((key) => key.slice(beginning.length));
}

/** A text as a pattern of Redis that stands for itself only. */
const literal = (text: string): string => text.replaceAll(/[\\*?[\]^]/g, String.raw`\$&`);

/** Failures of commands become errors that users know. */
async function asked<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    throw new RedisStreamsError('REDIS', error.message, { outcome: 'not-run', cause: error });
  }
}

function noop(): void {}
