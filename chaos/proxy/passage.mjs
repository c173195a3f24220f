// One connection through the proxy, and the ways in which it can be bad.
import { connect } from 'node:net';
import { setTimeout as later } from 'node:timers';

/**
 * What becomes of the bytes that Redis sends.
 * @typedef {(chunk: Buffer, passage: Passage) => void} Mode
 */

/** @type {Mode} */
export const pass = (chunk, passage) => passage.toClient(chunk);

/** Every chunk comes later, in order. @returns {Mode} */
export const delay = (least, most) => (chunk, passage) =>
  passage.toClient(chunk, passage.random.int(least, most));

/** Now and then an answer is swallowed, and the connection ends. @returns {Mode} */
export const dropAnswers = (probability) => (chunk, passage) => {
  if (passage.random.chance(probability)) passage.destroy();
  else passage.toClient(chunk);
};

/** Now and then half an answer comes through, and the connection ends. @returns {Mode} */
export const cutMidFrame = (probability) => (chunk, passage) => {
  if (!passage.random.chance(probability)) {
    passage.toClient(chunk);
    return;
  }
  passage.toClient(chunk.subarray(0, Math.max(1, Math.floor(chunk.length / 2))));
  passage.finish();
};

/** So many bytes per second. @returns {Mode} */
export const byteRate = (bytesPerSecond) => (chunk, passage) => {
  const behind = Math.max(0, passage.busyUntil - Date.now());
  passage.toClient(chunk, behind + (chunk.length / bytesPerSecond) * 1000);
};

/** Nothing comes through in either direction, and nobody is told. @type {Mode} */
export const blackhole = () => {};

export class Passage {
  /** @type {Mode} */
  mode = pass;
  /** When the last chunk that comes later will have come. */
  busyUntil = 0;
  /** What comes later, in order: `[chunk, when]`. */
  #late = [];
  /** What the client uses it for, as its first commands tell. @type {'commands' | 'reader' | 'subscriber'} */
  role = 'commands';
  /** @readonly */
  #client;
  /** @readonly */
  #server;
  /** @readonly */
  #gone;

  constructor(name, client, port, random, gone) {
    this.name = name;
    this.random = random;
    this.#client = client;
    this.#gone = gone;
    this.#server = connect({ port, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    client.on('data', (chunk) => this.#fromClient(chunk));
    this.#server.on('data', (chunk) => this.mode(chunk, this));
    for (const [one, other] of [
      [client, this.#server],
      [this.#server, client],
    ]) {
      one.on('error', () => {});
      one.on('close', () => {
        gone();
        // A peer behind a black hole never learns that the other side has gone.
        if (this.mode !== blackhole || one === client) other.destroy();
      });
    }
  }

  /** Hands on what Redis sent, after so many milliseconds, and never before what came earlier. */
  toClient(chunk, after = 0) {
    const at = Math.max(this.busyUntil, Date.now() + after);
    if (at <= Date.now() && this.#late.length === 0) {
      this.#write(chunk);
      return;
    }
    this.busyUntil = at;
    this.#late.push([chunk, at]);
    if (this.#late.length === 1) this.#wait();
  }

  /** One timer for all: timers of their own would end in any order when they are due in the same millisecond. */
  #wait() {
    later(() => {
      while (this.#late.length > 0 && this.#late[0][1] <= Date.now()) {
        this.#write(this.#late.shift()[0]);
      }
      if (this.#late.length > 0) this.#wait();
    }, this.#late[0][1] - Date.now());
  }

  #write(chunk) {
    if (!this.#client.destroyed) this.#client.write(chunk);
  }

  #fromClient(chunk) {
    if (this.role === 'commands') this.role = roleOf(chunk) ?? this.role;
    if (this.mode !== blackhole && !this.#server.destroyed) this.#server.write(chunk);
  }

  /** Both sides are told that it has ended. */
  destroy() {
    this.#client.destroy();
    this.#server.destroy();
    this.#gone();
  }

  /** The client gets what was written, and then the end. */
  finish() {
    this.#client.end();
    this.#server.destroy();
    this.#gone();
  }

  /** RST instead of FIN. */
  reset() {
    this.#client.resetAndDestroy();
    this.#server.destroy();
    this.#gone();
  }
}

function roleOf(chunk) {
  const text = chunk.toString('latin1').toLowerCase();
  if (text.includes('$9\r\nsubscribe\r\n')) return 'subscriber';
  if (text.includes('$10\r\nxreadgroup\r\n')) return 'reader';
  return undefined;
}
