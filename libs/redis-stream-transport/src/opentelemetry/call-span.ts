import type { Link, Span } from '@opentelemetry/api';
import type { WritePacket } from '@nestjs/microservices';
import type { Call } from '../engine/producer/call.js';
import type { ReplyOrigin } from '../engine/producer/call-request.js';
import * as A from './attributes.js';
import { end, failed } from './span-ends.js';

/** Where the trace stands in a `traceparent`. */
const AFTER_VERSION = 3;

/** The span of a call that is recorded: from `send` to its last value. */
export class CallSpan {
  private replies = 0;
  private ended = false;

  /**
   * @param maxValues values that become events
   * @param contextOf the span context in headers of a reply, if there is one
   */
  constructor(
    private readonly span: Span,
    private readonly maxValues: number,
    private readonly contextOf: (headers: ReplyOrigin['headers']) => Link['context'] | undefined,
  ) {}

  reply(packet: WritePacket, origin: ReplyOrigin | undefined, call: Call | undefined): void {
    if (this.ended) return;
    if (origin !== undefined) this.from(origin);
    if (packet.err) {
      failed(this.span, packet.err);
      this.end(call);
    } else if (packet.isDisposed === true) {
      this.end(call);
    } else if (this.replies <= this.maxValues) {
      this.span.addEvent(A.EVENT.value, { index: this.replies - 1 });
    }
  }

  /** Its subscriber has gone. */
  cancelled(call: Call | undefined): void {
    if (this.ended) return;
    this.span.addEvent(A.EVENT.cancel);
    this.end(call);
  }

  private from({ instance, deliveryCount, headers }: ReplyOrigin): void {
    this.replies++;
    if (this.replies > 1) return;
    const { span } = this;
    span.setAttribute(A.INSTANCE, instance);
    span.setAttribute(A.DELIVERIES, deliveryCount);
    const { traceId } = span.spanContext();
    // In the same trace it is a child of this span, as nearly always: that is seen without reading the headers.
    if (headers['traceparent']?.startsWith(traceId, AFTER_VERSION) === true) return;
    const context = this.contextOf(headers);
    if (context === undefined || context.traceId === traceId) return;
    span.addLink({ context, attributes: { [A.LINK]: 'answer' } });
  }

  private end(call: Call | undefined): void {
    this.ended = true;
    const { span } = this;
    span.setAttribute(A.REPLIES, this.replies);
    if (call !== undefined) {
      span.setAttribute(A.CONVERSATION_ID, call.callId);
      if (call.entry !== undefined) span.setAttribute(A.MESSAGE_ID, call.entryName);
    }
    end(span);
  }
}
