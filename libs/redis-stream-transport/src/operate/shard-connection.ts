import { RedisStreamsError } from '../errors.js';
import { startup } from '../nest/startup.js';
import type { ResolvedClientOptions } from '../options/index.js';
import type { Keys } from '../protocol/keys.js';
import { slotOwner } from '../redis/cluster/slot-owner.js';
import { connectionNames, thisApplication, thisProcess } from '../redis/connection-name.js';
import { Link, type LinkObserver } from '../redis/link.js';
import { deadline } from '../redis/pauses.js';

/** A connection that looks at one shard. */
export interface ShardConnection {
  readonly link: Link;
  readonly keys: Keys;
  /** The number of the shard. */
  readonly shard: number;
}

/** One of its own. Shards with the same server share it. */
export class OwnShardConnection implements ShardConnection {
  readonly link: Link;
  private readonly up: Promise<void>;
  private readonly start;

  constructor(
    private readonly options: ResolvedClientOptions,
    readonly keys: Keys,
    /** The number of the shard. */
    readonly shard: number,
    /** The same object for shards that may share a connection. */
    shared: { readonly tool: 'operate' | 'metrics' },
  ) {
    const { redis, retryDelay, retryAttempts } = options;
    const start = startup(retryAttempts);
    this.start = start;
    const observer: LinkObserver = {
      ready: noop,
      closed: noop,
      failed: (role, error, attempt) => start.failed(role, error, attempt),
    };
    const name = connectionNames(shared.tool, thisApplication(), thisProcess);
    const server = slotOwner(redis, keys.incarnation());
    let connected = noop;
    this.up = new Promise((resolve) => (connected = resolve));
    this.link = new Link(
      'commands',
      { target: redis, maxPause: retryDelay, name, observer, server, shared },
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
}

function noop(): void {}
