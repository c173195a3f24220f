// A TCP proxy between processes and Redis. Each process has an address of its own, so that a fault can hit the
// connections of one process, or those with one role.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pass } from './modes.js';
import { Passage, type Chance, type Counts, type Mode, type Role } from './passage.js';

/** Where Redis is, and the source of random numbers. */
export interface ProxyOptions {
  /** 127.0.0.1 by default. */
  readonly host?: string;
  readonly port: number;
  readonly random: Chance;
}

export class Proxy {
  /** Connections that have both ends, oldest first. */
  readonly passages = new Set<Passage>();
  readonly counts: Counts = { dropped: 0, cutShort: 0 };
  /** Number of connections that were made through the proxy. */
  made = 0;
  private readonly servers: Server[] = [];
  /** The sockets of all connections: with a fault, one end may outlive the other. */
  private readonly sockets = new Set<Socket>();
  private readonly address: { readonly host: string; readonly port: number };
  private readonly random: Chance;
  /** Mode of the connections that are made from now on. */
  private mode: Mode = pass;

  constructor({ host = '127.0.0.1', port, random }: ProxyOptions) {
    this.address = { host, port };
    this.random = random;
  }

  /** The port of an address for the process of this name. */
  async listen(name: string): Promise<number> {
    const server = createServer((client) => this.accept(name, client));
    this.servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  /** Sets the mode of new connections; present ones keep theirs. */
  greet(mode: Mode): void {
    this.mode = mode;
  }

  /** Sets the mode of all connections, present and new ones. */
  treat(mode: Mode): void {
    this.greet(mode);
    for (const passage of this.passages) passage.mode = mode;
  }

  /** Ends all present connections. */
  cut(): void {
    for (const passage of this.passages) passage.destroy();
  }

  /** Present connections of a process, of one role or all. */
  of(name: string, role?: Role): Passage[] {
    return [...this.passages].filter(
      (passage) => passage.name === name && (role === undefined || passage.role === role),
    );
  }

  /** The present connection of a role that was made last, of any process. Throws when there is none. */
  latest(role: Role): Passage {
    const found = [...this.passages].findLast((passage) => passage.role === role);
    if (found === undefined) throw new Error(`no connection for ${role}`);
    return found;
  }

  /** Names of the processes that have connections, of one role or any, always in the same order. */
  names(role?: Role): string[] {
    const fits = (passage: Passage) => role === undefined || passage.role === role;
    const names = [...this.passages].filter(fits).map(({ name }) => name);
    return [...new Set(names)].toSorted((a, b) => a.localeCompare(b));
  }

  async close(): Promise<void> {
    this.cut();
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(
      this.servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
  }

  private accept(name: string, client: Socket): void {
    const { mode, address, random, counts } = this;
    const gone = () => void this.passages.delete(passage);
    const passage: Passage = new Passage({ name, mode, client, address, random, counts, gone });
    this.passages.add(passage);
    this.made++;
    for (const socket of passage.sockets) {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    }
  }
}
