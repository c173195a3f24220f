import { AsyncResource } from 'node:async_hooks';
import type { WritePacket } from '@nestjs/microservices';
import type { Call } from '../engine/producer/call.js';
import type { CallSink, ReplyOrigin } from '../engine/producer/call-request.js';
import { markCall, RedisStreamsError } from '../errors.js';
import type { PacketDeserializer } from '../options/index.js';
import { openerOf, type Opener } from '../options/sealing.js';
import type { OpenCall } from './open-call.js';
import { openReply, untrustedReply } from './sealed-reply.js';
import { UnreadableData, unpackReply, type ReplyPacket } from './packets.js';
import { isA, thrownText } from '../thrown.js';

const NOTHING: Readonly<Record<string, string>> = Object.freeze({});

/** Where a reply came from, for `sendWithMeta`. */
export interface ReplyMeta extends ReplyOrigin {
  /** Id of the call, `<caller>/<call>`: the service has it as `getCallId()` and in its log. */
  readonly callId: string;
}

export type ReplyCallback = (packet: WritePacket, origin?: ReplyOrigin, call?: Call) => void;

/**
 * Async hooks are told of the end of a call when its sink is collected; without hooks that costs nothing. This is
 * Node's default, but Node takes 30 ns longer to find it when no options are given.
 */
const WHEN_COLLECTED = { requireManualDestroy: false } as const;

/**
 * Passes the replies of a call on in the shape that Nest's clients expect, and in the asynchronous context of the
 * subscription: the one that the sink is made in.
 */
export class ReplySink extends AsyncResource implements CallSink {
  /** Set before anything is passed on. */
  call: Call | undefined;
  /** Told of the end. */
  open: OpenCall | undefined;

  constructor(
    private readonly pattern: string,
    private readonly callback: ReplyCallback,
    private readonly deserializer: PacketDeserializer | undefined,
  ) {
    super('RedisStreamsCall', WHEN_COLLECTED);
  }

  value(payload: unknown, last: boolean, origin: ReplyOrigin): void {
    this.tell({ response: payload, isDisposed: last }, origin);
  }

  done(): void {
    this.tell({ isDisposed: true });
  }

  error(error: unknown): void {
    this.tell({ err: error, isDisposed: true });
  }

  packed(
    payload: unknown,
    last: boolean,
    origin: ReplyOrigin,
  ): Promise<(() => void) | RedisStreamsError> {
    const { deserializer, pattern } = this;
    const opener = openerOf(deserializer);
    if (opener !== undefined) return this.sealed(opener, payload, last, origin);
    return this.runInAsyncScope(unpackReply, undefined, deserializer, payload, pattern).then(
      (packet) => () => this.handOn(packet, last, origin),
      (error: unknown) => () => this.unreadable(error),
    );
  }

  private sealed(opener: Opener, payload: unknown, last: boolean, origin: ReplyOrigin) {
    const { call, pattern } = this;
    return openReply(opener, payload, call as Call, { last, origin }).then(
      ({ packet, headers = NOTHING }) =>
        () =>
          this.handOn(packet, last, { ...origin, headers }),
      (error: unknown) => untrustedReply(error, pattern),
    );
  }

  private handOn(packet: ReplyPacket, last: boolean, origin: ReplyOrigin): void {
    try {
      this.unpacked(packet, last, origin);
    } catch (error) {
      this.unreadable(error);
    }
  }

  private unpacked(packet: ReplyPacket, last: boolean, origin: ReplyOrigin): void {
    if (packet.err !== undefined && packet.err !== null) {
      this.failed(packet.err);
      return;
    }
    // The transport knows which reply is the last; a serializer of another shape may not say.
    const isDisposed = packet.isDisposed === true || last;
    this.tell({ response: packet.response, isDisposed }, origin);
  }

  private unreadable(error: unknown): void {
    const { pattern } = this;
    const message = `a reply of ${pattern} cannot be read: ${thrownText(error)}`;
    const facts = { pattern, outcome: 'may-have-run', cause: error } as const;
    const code = isA(error, UnreadableData) ? error.code : 'INVALID_MESSAGE';
    this.failed(new RedisStreamsError(code, message, facts));
  }

  /** Fails with an error that did not come from the engine, which marks its own with the id of the call. */
  private failed(error: unknown): void {
    if (this.call !== undefined) markCall(error, this.call.callId);
    this.error(error);
  }

  private tell(packet: WritePacket, origin?: ReplyOrigin): void {
    if (packet.isDisposed === true) this.open?.over();
    this.runInAsyncScope(this.callback, undefined, packet, origin, this.call);
  }
}
