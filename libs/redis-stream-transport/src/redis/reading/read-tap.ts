import type { EventEmitter } from 'node:events';
import { readInBytes } from './answer-bytes.js';
import type { Connection } from '../connect.js';
import type { StreamEntries } from '../entries.js';

type Listener = (chunk: Buffer) => void;

/** What ioredis is told in place of an answer that was read here. */
const TAKEN = 'read by nestjs-redis-streams';
const TAKEN_LINE = Buffer.from(`+${TAKEN}\r\n`);

/**
 * Reads answers of XREADGROUP before ioredis does, which takes five times as long for an entry: it makes a buffer of
 * each value, then a text of each buffer, and looks up its own fields in weak maps meanwhile. ioredis gets a short
 * answer in place of the long one, so that its commands and their promises stay in step. An answer that did not come in
 * one piece, and everything else, is left to ioredis.
 */
export class ReadTap {
  private expects = false;
  private read: StreamEntries[] | undefined;

  private constructor(stream: EventEmitter, theirs: Listener) {
    stream.prependListener('data', (chunk: Buffer) => this.hear(chunk, theirs));
    stream.removeListener('data', theirs);
  }

  /** The one on the socket of a connection; undefined where ioredis does not listen to a socket. */
  static on(connection: Connection | undefined): ReadTap | undefined {
    const stream = connection?.stream as EventEmitter | undefined;
    if (stream === undefined) return undefined;
    let tap = taps.get(stream);
    if (tap === undefined) {
      const [theirs] = stream.listeners('data') as Listener[];
      if (theirs === undefined) return undefined;
      taps.set(stream, (tap = new ReadTap(stream, theirs)));
    }
    return tap;
  }

  /** The next answer is that of a read: nothing else is on its way. */
  expect(): void {
    this.expects = true;
    this.read = undefined;
  }

  /** What was read here in place of this answer of ioredis; undefined: it is the answer itself. */
  take(answer: unknown): StreamEntries[] | undefined {
    const { read } = this;
    this.read = undefined;
    return answer === TAKEN ? read : undefined;
  }

  private hear(chunk: Buffer, theirs: Listener): void {
    const found = this.expects ? readInBytes(chunk) : undefined;
    this.expects = false;
    if (found === undefined) {
      theirs(chunk);
      return;
    }
    this.read = found.read;
    theirs(TAKEN_LINE);
    if (found.end < chunk.length) theirs(chunk.subarray(found.end));
  }
}

/** By socket: it belongs to one connection, and is gone with it. */
const taps = new WeakMap<EventEmitter, ReadTap>();
