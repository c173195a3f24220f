// A TCP proxy between processes and Redis. Each process has an address of its own, so that what is done
// to a connection can be aimed: at a process, and at what the connection is for.
import { createServer, type AddressInfo, type Server } from 'node:net';
import { Passage, type Chance, type Role } from './passage.js';

export class Proxy {
  readonly passages = new Set<Passage>();
  private readonly servers: Server[] = [];
  /** What new connections meet: changes a passage before its first byte. */
  private greeting: (passage: Passage) => void = () => {};

  /** @param port of Redis */
  constructor(
    private readonly port: number,
    private readonly random: Chance,
  ) {}

  /** An address for the process of this name. */
  async listen(name: string): Promise<number> {
    const server = createServer((socket) => {
      const { port, random } = this;
      const gone = () => void this.passages.delete(passage);
      const passage: Passage = new Passage({ name, client: socket, port, random, gone });
      this.passages.add(passage);
      this.greeting(passage);
    });
    this.servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  /** From now on every new connection is treated so. */
  greet(treat: (passage: Passage) => void): void {
    this.greeting = treat;
  }

  /** Present connections of a process, of one role or all. */
  of(name: string, role?: Role): Passage[] {
    return [...this.passages].filter(
      (passage) => passage.name === name && (role === undefined || passage.role === role),
    );
  }

  /** Names of the processes that have connections, of one role or any, always in the same order. */
  names(role?: Role): string[] {
    const fits = (passage: Passage) => role === undefined || passage.role === role;
    const names = [...this.passages].filter(fits).map(({ name }) => name);
    return [...new Set(names)].toSorted((a, b) => a.localeCompare(b));
  }

  async close(): Promise<void> {
    for (const passage of this.passages) passage.destroy();
    await Promise.all(
      this.servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
  }
}
