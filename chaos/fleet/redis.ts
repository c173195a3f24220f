// The Redis of a run. It can be killed, frozen, emptied, and started again on the same port.
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findServer } from '../../tools/redis/find-server.js';
import { sweepLeftovers } from '../../libs/redis-stream-transport/src/testing/redis-server/leftovers.js';
import { startServer, type PrivateRedis } from '../../tools/redis/server-process.js';
import { lookFor } from '../../tools/wait.js';
import { versionOf, type Store } from './store.js';

/** Which acknowledged writes survive a kill. */
export type Fsync = 'always' | 'everysec' | 'none';

export interface ChaosRedisOptions {
  readonly fsync?: Fsync;
  /** Further arguments of the server. */
  readonly args?: readonly string[];
  readonly environment?: Record<string, string>;
}

export class ChaosRedis implements Store {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nrs-chaos-data-'));
  #server: PrivateRedis;
  #environment: Record<string, string> = {};
  fsync: Fsync = 'none';
  args: readonly string[] = [];
  version: string | undefined;
  /** Connection of the run itself, for commands and inspection. It never goes through a proxy. */
  admin: Redis;

  static async start({
    fsync = 'none',
    args = [],
    environment = {},
  }: ChaosRedisOptions = {}): Promise<ChaosRedis> {
    const redis = new ChaosRedis();
    redis.fsync = fsync;
    redis.args = args;
    redis.#environment = environment;
    sweepLeftovers();
    await redis.#start();
    redis.admin = new Redis(redis.port, '127.0.0.1', {
      retryStrategy: () => 50,
      maxRetriesPerRequest: null,
    });
    redis.admin.on('error', () => {});
    redis.version = await versionOf(redis.admin);
    return redis;
  }

  get where(): { url: string } {
    return { url: `redis://127.0.0.1:${this.port}` };
  }

  get port(): number {
    return this.#server.port;
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** Sends SIGKILL; resolves when the server has ended. */
  async kill(): Promise<void> {
    process.kill(this.pid, 'SIGKILL');
    await this.#server.stop();
  }

  /** Starts the same server again, with the data on its disk. */
  async restart(): Promise<void> {
    await this.#start(this.port);
    await this.answers();
  }

  /** Starts the same server again, without any data. A node of a Cluster stays one. */
  async restartEmpty(): Promise<void> {
    for (const name of readdirSync(this.#folder)) {
      if (name !== 'nodes.conf') rmSync(join(this.#folder, name), { recursive: true, force: true });
    }
    await this.restart();
  }

  async answers(within = 15_000): Promise<void> {
    const answer = () => this.admin.ping().catch(() => undefined);
    if (!(await lookFor(answer, within, 20))) throw new Error('Redis does not answer');
  }

  async stop(): Promise<void> {
    this.admin.disconnect();
    await this.#server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(port?: number): Promise<void> {
    const server = findServer();
    const persistence =
      this.fsync === 'none' ? [] : ['--appendonly', 'yes', '--appendfsync', this.fsync];
    this.#server = await startServer(
      { ...server, env: { ...server.env, ...this.#environment } },
      { args: ['--dir', this.#folder, ...persistence, ...this.args], ...(port && { port }) },
    );
  }
}

/** Another connection, for commands that block or wait. */
export async function orders(port: number) {
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => null, lazyConnect: true });
  redis.on('error', () => {});
  await redis.connect();
  return {
    redis,
    close: async () => {
      redis.disconnect();
      if (redis.status !== 'end') await once(redis, 'end');
    },
  };
}
