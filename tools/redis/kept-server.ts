// A server of a cluster, or one that Sentinels watch.
import { Redis } from 'ioredis';
import { startPrivateRedis } from '../redis.js';
import type { PrivateRedis } from './server-process.js';
import type { TlsFiles } from './tls-files.js';

/** A private server that can be killed, frozen and started again where it was, and a connection to it. */
export class KeptServer {
  private made: Redis | undefined;

  constructor(
    private server: PrivateRedis,
    private readonly args: readonly string[],
    private readonly tls?: TlsFiles,
  ) {}

  get port(): number {
    return this.server.port;
  }

  get pid(): number {
    return this.server.pid;
  }

  get redis(): Redis {
    return (this.made ??= connectTo(this.port, this.tls));
  }

  /** SIGKILL: what it held in memory is gone. */
  async kill(): Promise<void> {
    process.kill(this.pid, 'SIGKILL');
    await this.server.stop();
  }

  /** SIGKILL: what it has written to disk is there when it comes back. */
  async crash(): Promise<void> {
    await this.server.crash();
  }

  /** Starts again what crashed, with what it had written to disk. */
  async comeBack(): Promise<void> {
    const { port, folder } = this.server;
    this.server = await startPrivateRedis({ args: this.args, tls: this.tls, port, folder });
  }

  /** Starts again what was killed, where it was, with an empty memory and as a member of nothing. */
  async start(): Promise<void> {
    this.server = await startPrivateRedis({ args: this.args, tls: this.tls, port: this.port });
  }

  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  async stop(): Promise<void> {
    this.made?.disconnect();
    await this.server.stop();
  }
}

/** Milliseconds between two attempts to connect. */
const RETRY = 50;

/** A connection that waits for nothing: its commands fail while the server is away, or take three seconds at most. */
export function connectTo(port: number, tls?: TlsFiles): Redis {
  const redis = new Redis({
    // Whatever name its certificate has.
    ...(tls ? { tls: { ca: tls.ca, checkServerIdentity: () => undefined } } : {}),
    ...{ port, host: '127.0.0.1', maxRetriesPerRequest: 0, commandTimeout: 3000 },
    // By itself ioredis waits longer each time, soon longer than a command may take: a server that was away for some
    // seconds would be back, and the first command would time out.
    retryStrategy: () => RETRY,
    // A Sentinel answers no INFO of that kind.
    enableReadyCheck: false,
  });
  redis.on('error', () => {});
  return redis;
}
