import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * What happens to data on its way:
 * - `pass`, and `delay` after some time;
 * - `dropReplies`: commands reach Redis, and their answers vanish;
 * - `blackhole`: nothing arrives on either side, and no end is ever told.
 */
export type ProxyMode = 'pass' | 'delay' | 'dropReplies' | 'blackhole';

/** One connection through the proxy. */
export class ProxiedConnection {
  mode: ProxyMode;
  /** Bytes that Redis sent. */
  received = 0;
  /** The first bytes of what was sent through it, in lower case: which commands it carries. */
  sent = '';
  private truncates = false;

  constructor(
    private readonly client: Socket,
    private readonly redis: Socket,
    private readonly proxy: TcpProxy,
  ) {
    this.mode = proxy.mode;
    this.carry(client, redis, (chunk) => {
      if (this.sent.length < 65_536) this.sent += chunk.toString('latin1').toLowerCase();
      return this.mode !== 'blackhole';
    });
    this.carry(redis, client, (chunk) => {
      this.received += chunk.length;
      if (this.truncates) {
        this.truncates = false;
        this.proxy.truncated++;
        client.end(chunk.subarray(0, chunk.length >> 1));
        redis.destroy();
        return false;
      }
      if (this.role === 'commands' && this.proxy.loses()) {
        this.cut();
        return false;
      }
      return this.mode === 'pass' || this.mode === 'delay';
    });
  }

  /** What it is for, judged by the commands it carried. */
  get role(): 'reader' | 'subscriber' | 'commands' {
    if (this.sent.includes('\r\nsubscribe\r\n')) return 'subscriber';
    return this.sent.includes('xreadgroup') ? 'reader' : 'commands';
  }

  /** The next answer is cut in the middle, and the connection with it. */
  truncate(): void {
    this.truncates = true;
  }

  /** Ends both sides at once. */
  cut(): void {
    this.client.destroy();
    this.redis.destroy();
  }

  private carry(from: Socket, to: Socket, passes: (chunk: Buffer) => boolean): void {
    from.on('data', (chunk) => {
      if (!passes(chunk)) return;
      if (this.mode === 'delay') setTimeout(() => to.write(chunk), this.proxy.delay);
      else to.write(chunk);
    });
    // Half-open: who is in a black hole never learns that the other side is gone.
    const end = (): void => {
      if (this.mode !== 'blackhole') to.destroy();
    };
    from.on('close', end).on('error', end);
  }
}

/** Stands between the library and Redis, and loses things on demand. */
export class TcpProxy {
  /** Mode of connections that are made from now on. */
  mode: ProxyMode = 'pass';
  delay = 50;
  /** Share of the answers to commands that vanish, and their connection with them. */
  loss = 0;
  lost = 0;
  /** Answers that were cut in the middle. */
  truncated = 0;
  private seed = 1;
  readonly connections: ProxiedConnection[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(redisUrl: string): Promise<TcpProxy> {
    const target = new URL(redisUrl);
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const redis = connect({ host: target.hostname, port: Number(target.port) });
      for (const socket of [client, redis]) {
        sockets.add(socket);
        socket.setNoDelay(true).on('close', () => sockets.delete(socket));
      }
      proxy.connections.push(new ProxiedConnection(client, redis, proxy));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const proxy: TcpProxy = new TcpProxy(server, `redis://127.0.0.1:${port}`);
    onTestFinished(() => {
      proxy.server.close();
      for (const socket of sockets) socket.destroy();
    });
    return proxy;
  }

  /** The connections of a role that were made last are the ones in use. */
  latest(role: ProxiedConnection['role']): ProxiedConnection {
    return this.connections.findLast((connection) => connection.role === role)!;
  }

  /** Changes what happens to all connections, those to come included. */
  set(mode: ProxyMode): void {
    this.mode = mode;
    for (const connection of this.connections) connection.mode = mode;
  }

  /** Decides by a fixed sequence, so that a run can be repeated. */
  loses(): boolean {
    this.seed = (Math.imul(this.seed, 1_664_525) + 1_013_904_223) >>> 0;
    const loses = this.seed / 2 ** 32 < this.loss;
    if (loses) this.lost++;
    return loses;
  }

  cutAll(): void {
    for (const connection of this.connections) connection.cut();
  }
}
