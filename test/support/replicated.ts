import { onTestFinished } from 'vitest';
import { KeptServer } from '../../tools/redis/kept-server.js';
import { startPrivateRedis } from '../../tools/redis.js';
import { eventually } from '../../tools/wait.js';

const ARGS = ['--repl-diskless-sync-delay', '0'];

/** A master and a replica of it, which can stand still. */
export class Replicated {
  private constructor(
    readonly master: KeptServer,
    readonly replica: KeptServer,
  ) {}

  static async start(): Promise<Replicated> {
    const [master, replica] = [await kept(), await kept()] as const;
    await replica.redis.call('REPLICAOF', '127.0.0.1', String(master.port));
    const pair = new Replicated(master, replica);
    await pair.caughtUp();
    return pair;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.master.port}`;
  }

  /** Runs something while the replica gets nothing. */
  async behind<T>(act: () => Promise<T>): Promise<T> {
    this.replica.freeze();
    try {
      return await act();
    } finally {
      this.replica.thaw();
      await this.caughtUp();
    }
  }

  private async caughtUp(): Promise<void> {
    const { redis } = this.master;
    await eventually(async () => {
      await redis.set('written now', 1);
      expect(await redis.wait(1, 500)).toBe(1);
    }, 20_000);
  }

  /** Resolves after `ms` milliseconds in which the replica got nothing of what is written now. */
  async stillBehind(ms = 500): Promise<void> {
    const { redis } = this.master;
    await redis.set('written now', 1);
    expect(await redis.wait(1, ms)).toBe(0);
  }
}

async function kept(): Promise<KeptServer> {
  const server = new KeptServer(await startPrivateRedis({ args: ARGS }), ARGS);
  onTestFinished(() => server.stop());
  return server;
}
