// One connection through the proxy.
import { connect, type Socket } from 'node:net';
import { LateBytes } from './late-bytes.js';

/** A source of random numbers. */
export interface Chance {
  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number;
  chance(probability: number): boolean;
}

/** The role of a connection, as its first commands show. */
export type Role = 'commands' | 'reader' | 'subscriber';

/** What happens to the bytes of a connection, and to its end. */
export interface Mode {
  /** Carries what Redis sends. */
  answer(chunk: Buffer, passage: Passage): void;
  /** Carries what the client sends. */
  request(chunk: Buffer, passage: Passage): void;
  /** Whether the client learns that Redis has gone. */
  readonly tellsClient: boolean;
  /** Whether Redis learns that the client has gone. */
  readonly tellsRedis: boolean;
}

/** How often modes have made their fault. */
export interface Counts {
  /** Answers that were swallowed; their connections ended. */
  dropped: number;
  /** Answers of which half came through; their connections ended. */
  cutShort: number;
}

export interface PassageOptions {
  /** Whose connection it is. */
  readonly name: string;
  readonly mode: Mode;
  readonly client: Socket;
  /** Address of Redis. */
  readonly address: { readonly host: string; readonly port: number };
  readonly random: Chance;
  readonly counts: Counts;
  /** Called when one of its ends has gone. */
  readonly gone: () => void;
}

/** Characters that `sent` keeps. */
const KEPT = 65_536;
/** Characters of a command that may have arrived before the rest of it. */
const SPLIT = 24;

export class Passage {
  mode: Mode;
  role: Role = 'commands';
  /** Bytes that Redis sent. */
  received = 0;
  /** The first 64 KiB of what the client sent, in lower case. */
  sent = '';
  /** Whose connection it is. */
  readonly name: string;
  readonly random: Chance;
  readonly counts: Counts;
  private readonly client: Socket;
  private readonly redis: Socket;
  private readonly answers: LateBytes;
  private readonly requests: LateBytes;
  private readonly gone: () => void;
  private tail = '';

  constructor({ name, mode, client, address, random, counts, gone }: PassageOptions) {
    this.name = name;
    this.mode = mode;
    this.random = random;
    this.counts = counts;
    this.client = client;
    this.gone = gone;
    this.redis = connect({ ...address, noDelay: true });
    this.answers = new LateBytes(client);
    this.requests = new LateBytes(this.redis);
    client.setNoDelay(true);
    client.on('data', (chunk) => {
      this.note(chunk);
      this.mode.request(chunk, this);
    });
    this.redis.on('data', (chunk) => {
      this.received += chunk.length;
      this.mode.answer(chunk, this);
    });
    this.ends(client, this.redis, () => this.mode.tellsRedis);
    this.ends(this.redis, client, () => this.mode.tellsClient);
  }

  /** Both sockets. */
  get sockets(): readonly Socket[] {
    return [this.client, this.redis];
  }

  /** Passes on what Redis sent after this many milliseconds, and never before earlier chunks. */
  toClient(chunk: Buffer, after = 0): void {
    this.answers.write(chunk, after);
  }

  /** Passes on what the client sent, as `toClient` does. */
  toRedis(chunk: Buffer, after = 0): void {
    this.requests.write(chunk, after);
  }

  /** Milliseconds until the client has all that is delayed. */
  get backlog(): number {
    return this.answers.backlog;
  }

  /** Both sides are told that it has ended. */
  destroy(): void {
    this.client.destroy();
    this.redis.destroy();
    this.gone();
  }

  /** The client gets what was written, and then the end. */
  finish(): void {
    this.client.end();
    this.redis.destroy();
    this.gone();
  }

  /** RST instead of FIN. */
  reset(): void {
    this.client.resetAndDestroy();
    this.redis.destroy();
    this.gone();
  }

  private ends(one: Socket, other: Socket, tells: () => boolean): void {
    one.on('error', () => {});
    one.on('close', () => {
      this.gone();
      if (tells()) other.destroy();
    });
  }

  /** Keeps the commands that show the role of the connection. */
  private note(chunk: Buffer): void {
    if (this.sent.length >= KEPT && this.role !== 'commands') return;
    const text = chunk.toString('latin1').toLowerCase();
    if (this.sent.length < KEPT) this.sent += text.slice(0, KEPT - this.sent.length);
    if (this.role !== 'commands') return;
    const seen = this.tail + text;
    this.role = roleOf(seen);
    this.tail = seen.slice(-SPLIT);
  }
}

function roleOf(text: string): Role {
  if (text.includes('$10\r\nssubscribe\r\n')) return 'subscriber';
  return text.includes('$10\r\nxreadgroup\r\n') ? 'reader' : 'commands';
}
