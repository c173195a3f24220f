import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startPrivateRedis as start, type RedisStartOptions } from '../../tools/redis.js';

/** A server of the test's own, which it may kill, freeze, fill or start again where it was. */
export interface RedisProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGKILL: what it held in memory is gone. */
  kill(): Promise<void>;
  /** A server where this one was, with an empty memory; ends this one first if it still runs. */
  restart(options?: Omit<RedisStartOptions, 'port'>): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startPrivateRedis(options: RedisStartOptions = {}): Promise<RedisProcess> {
  let server = await start(options);
  const stop = () => server.stop();
  const signal = (name: NodeJS.Signals) => process.kill(server.pid, name);
  return {
    get url() {
      return server.url;
    },
    get port() {
      return server.port;
    },
    get pid() {
      return server.pid;
    },
    async kill() {
      signal('SIGKILL');
      await server.stop();
    },
    async restart(changed = {}) {
      await server.stop();
      server = await start({ ...options, ...changed, port: server.port });
    },
    freeze: () => void signal('SIGSTOP'),
    thaw: () => void signal('SIGCONT'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A server that keeps what it was told when it is killed: each write is on the disk. It ends with the test. */
export async function startDurableRedis(): Promise<RedisProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-streams-'));
  const args = ['--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always'];
  const redis = await startPrivateRedis({ args });
  onTestFinished(async () => {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return redis;
}
