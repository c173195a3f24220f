// One connection through the proxy, and the ways in which it can be bad.
import { connect, type Socket } from 'node:net';
import { setTimeout as later } from 'node:timers';

/** Draws what happens by chance. */
export interface Chance {
  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number;
  chance(probability: number): boolean;
}

/** What a connection is for, as its first commands tell. */
export type Role = 'commands' | 'reader' | 'subscriber';

/** What becomes of the bytes that Redis sends. */
export type Mode = (chunk: Buffer, passage: Passage) => void;

export const pass: Mode = (chunk, passage) => passage.toClient(chunk);

/** Every chunk comes later, in order. */
export const delay =
  (least: number, most: number): Mode =>
  (chunk, passage) =>
    passage.toClient(chunk, passage.random.int(least, most));

/** Now and then an answer is swallowed, and the connection ends. */
export const dropAnswers =
  (probability: number): Mode =>
  (chunk, passage) => {
    if (passage.random.chance(probability)) passage.destroy();
    else passage.toClient(chunk);
  };

/** Now and then half an answer comes through, and the connection ends. */
export const cutMidFrame =
  (probability: number): Mode =>
  (chunk, passage) => {
    if (!passage.random.chance(probability)) {
      passage.toClient(chunk);
      return;
    }
    passage.toClient(chunk.subarray(0, Math.max(1, Math.floor(chunk.length / 2))));
    passage.finish();
  };

/** So many bytes per second. */
export const byteRate =
  (bytesPerSecond: number): Mode =>
  (chunk, passage) => {
    const waiting = Math.max(0, passage.busyUntil - Date.now());
    passage.toClient(chunk, waiting + (chunk.length / bytesPerSecond) * 1000);
  };

/** Nothing comes through in either direction, and nobody is told. */
export const blackhole: Mode = () => {};

export interface PassageOptions {
  /** Whose connection it is. */
  readonly name: string;
  readonly client: Socket;
  /** Of Redis, on the loopback interface. */
  readonly port: number;
  readonly random: Chance;
  /** Called when one of its ends has gone. */
  readonly gone: () => void;
}

export class Passage {
  mode: Mode = pass;
  /** When the last chunk that comes later will have come. */
  busyUntil = 0;
  /** What comes later, in order: `[chunk, when]`. */
  private readonly late: [chunk: Buffer, when: number][] = [];
  role: Role = 'commands';
  /** Whose connection it is. */
  readonly name: string;
  readonly random: Chance;
  private readonly client: Socket;
  private readonly server: Socket;
  private readonly gone: () => void;

  constructor({ name, client, port, random, gone }: PassageOptions) {
    this.name = name;
    this.random = random;
    this.client = client;
    this.gone = gone;
    this.server = connect({ port, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    client.on('data', (chunk) => this.fromClient(chunk));
    this.server.on('data', (chunk) => this.mode(chunk, this));
    for (const [one, other] of [
      [client, this.server],
      [this.server, client],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => {
        gone();
        // A peer in a black hole never learns that the other side has gone.
        if (this.mode !== blackhole || one === client) other.destroy();
      });
    }
  }

  /** Hands on what Redis sent, after so many milliseconds, and never before what came earlier. */
  toClient(chunk: Buffer, after = 0): void {
    const at = Math.max(this.busyUntil, Date.now() + after);
    if (at <= Date.now() && this.late.length === 0) {
      this.write(chunk);
      return;
    }
    this.busyUntil = at;
    this.late.push([chunk, at]);
    if (this.late.length === 1) this.wait();
  }

  /** One timer for all: timers of their own would end in any order when they are due in the same millisecond. */
  private wait(): void {
    const [first] = this.late;
    if (first === undefined) return;
    later(() => {
      for (;;) {
        const [next] = this.late;
        if (next === undefined || next[1] > Date.now()) break;
        this.late.shift();
        this.write(next[0]);
      }
      this.wait();
    }, first[1] - Date.now());
  }

  private write(chunk: Buffer): void {
    if (!this.client.destroyed) this.client.write(chunk);
  }

  private fromClient(chunk: Buffer): void {
    if (this.role === 'commands') this.role = roleOf(chunk) ?? this.role;
    if (this.mode !== blackhole && !this.server.destroyed) this.server.write(chunk);
  }

  /** Both sides are told that it has ended. */
  destroy(): void {
    this.client.destroy();
    this.server.destroy();
    this.gone();
  }

  /** The client gets what was written, and then the end. */
  finish(): void {
    this.client.end();
    this.server.destroy();
    this.gone();
  }

  /** RST instead of FIN. */
  reset(): void {
    this.client.resetAndDestroy();
    this.server.destroy();
    this.gone();
  }
}

function roleOf(chunk: Buffer): Role | undefined {
  const text = chunk.toString('latin1').toLowerCase();
  if (text.includes('$9\r\nsubscribe\r\n')) return 'subscriber';
  if (text.includes('$10\r\nxreadgroup\r\n')) return 'reader';
  return undefined;
}
