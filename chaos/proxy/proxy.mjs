// A TCP proxy between the fleet and Redis. Each process has an address of its own, so that what is done
// to a connection can be aimed: at a process, and at what the connection is for.
import { createServer } from 'node:net';
import { Passage } from './passage.mjs';

export class Proxy {
  /** @type {Set<Passage>} */
  passages = new Set();
  /** @readonly */
  #servers = [];
  /** What new connections meet: changes a passage before its first byte. */
  /** @type {(passage: Passage) => void} */
  #greeting = () => {};

  /** @param {number} port of Redis @param {import('../kit/random.mjs').Random} random */
  constructor(port, random) {
    this.port = port;
    this.random = random;
  }

  /** An address for the process of this name. @returns {Promise<number>} */
  async listen(name) {
    const server = createServer((socket) => {
      const passage = new Passage(name, socket, this.port, this.random, () =>
        this.passages.delete(passage),
      );
      this.passages.add(passage);
      this.#greeting(passage);
    });
    this.#servers.push(server);
    await new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return server.address().port;
  }

  /** From now on every new connection is treated so. @param {(passage: Passage) => void} treat */
  greet(treat) {
    this.#greeting = treat;
  }

  /** Present connections of a process, of one role or all. */
  of(name, role) {
    return [...this.passages].filter(
      (passage) => passage.name === name && (role === undefined || passage.role === role),
    );
  }

  /** Names of the processes that have connections, of one role or any, always in the same order. */
  names(role) {
    const fits = (passage) => role === undefined || passage.role === role;
    const names = [...this.passages].filter(fits).map(({ name }) => name);
    return [...new Set(names)].toSorted((a, b) => a.localeCompare(b));
  }

  async close() {
    for (const passage of this.passages) passage.destroy();
    await Promise.all(
      this.#servers.map((server) => new Promise((resolve) => server.close(() => resolve()))),
    );
  }
}
