import type { WritePacket } from '@nestjs/microservices';
import type { CallSink, ReplyOrigin } from '../engine/producer/call.js';
import { RedisStreamsError } from '../errors.js';
import type { PacketDeserializer } from '../options/index.js';
import { UnreadableData, unpackReply, type ReplyPacket } from './packets.js';
import { isA, thrownText } from '../thrown.js';

/** Where a reply came from, for `sendWithMeta`. */
export interface ReplyMeta {
  /** Headers that the handler set with `setReplyHeaders`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Name of the instance that ran the handler: its `getConsumer()`. */
  readonly instance: string;
  /** How often the request was handed to an instance. */
  readonly deliveryCount: number;
}

/** Passes the replies of a call on in the shape that Nest's clients expect. */
export class ReplySink implements CallSink {
  /** Replies that a deserializer is still busy with, in order. */
  private queue: Promise<void> | undefined;
  private ended: (() => void) | undefined;

  constructor(
    private readonly pattern: string,
    private readonly callback: (packet: WritePacket, meta?: ReplyMeta) => void,
    private readonly deserializer: PacketDeserializer | undefined,
  ) {}

  /** Has somebody told when nothing more will come. */
  whenEnded(told: () => void): void {
    this.ended = told;
  }

  value(payload: unknown, last: boolean, origin: ReplyOrigin): void {
    if (last) this.ended?.();
    this.callback({ response: payload, isDisposed: last }, origin);
  }

  done(): void {
    this.ended?.();
    this.callback({ isDisposed: true });
  }

  error(error: unknown): void {
    this.ended?.();
    const tell = (): void => this.callback({ err: error, isDisposed: true });
    if (this.queue === undefined) tell();
    else this.queue = this.queue.then(tell);
  }

  packed(payload: unknown, last: boolean, origin: ReplyOrigin): void {
    if (last) this.ended?.();
    const read = unpackReply(this.deserializer, payload, this.pattern);
    // It may fail while those before it are still being read, and nobody listens yet.
    read.catch(() => undefined);
    const before = this.queue ?? Promise.resolve();
    this.queue = before
      .then(() => read)
      .then((packet) => this.unpacked(packet, last, origin))
      .catch((error: unknown) => this.unreadable(error));
  }

  private unpacked(packet: ReplyPacket, last: boolean, origin: ReplyOrigin): void {
    if (packet.err !== undefined && packet.err !== null) {
      this.callback({ err: packet.err, isDisposed: true });
      return;
    }
    // The transport knows which reply is the last; a serializer of another shape may not say.
    const isDisposed = packet.isDisposed === true || last;
    this.callback({ response: packet.response, isDisposed }, origin);
  }

  private unreadable(error: unknown): void {
    const { pattern } = this;
    const message = `a reply of ${pattern} cannot be read: ${thrownText(error)}`;
    const facts = { pattern, outcome: 'may-have-run', cause: error } as const;
    const code = isA(error, UnreadableData) ? error.code : 'INVALID_MESSAGE';
    this.callback({ err: new RedisStreamsError(code, message, facts), isDisposed: true });
  }
}
