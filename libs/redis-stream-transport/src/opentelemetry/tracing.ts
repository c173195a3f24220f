import type { AsyncResource } from 'node:async_hooks';
import type { ReadPacket } from '@nestjs/microservices';
import type { Context, Span, Tracer } from '@opentelemetry/api';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import type { DiagnosticsSource } from '../engine/diagnostics/messages.js';
import type { Call } from '../engine/producer/call.js';
import type { Instrumentation } from '../nest/instrumentation.js';
import type { RedisStreamsContext } from '../nest/redis-streams.context.js';
import type { ReplyCallback } from '../nest/reply-sink.js';
import { CallSpan } from './call-span.js';
import type { OpenTelemetryApi } from './load-api.js';
import { OutgoingSpans } from './outgoing-spans.js';
import { RunSpans } from './run-spans.js';
import { end, failed } from './span-ends.js';
import type { ResolvedTraceOptions } from './trace-options.js';

const NAME = 'nestjs-redis-streams';

/**
 * Puts a span around every call, event and run. What goes wrong with that, in a sampler for instance, leaves the call
 * without a span and nothing else.
 */
export class Tracing implements Instrumentation {
  private readonly sends: OutgoingSpans;
  private readonly emits: OutgoingSpans;
  private readonly runs: RunSpans;
  private readonly context: OpenTelemetryApi['context'];

  constructor(
    api: OpenTelemetryApi,
    private readonly options: ResolvedTraceOptions,
  ) {
    const tracer: Tracer = (options.tracerProvider ?? api.trace).getTracer(NAME);
    this.context = api.context;
    this.sends = new OutgoingSpans(api, tracer, 'send', options);
    this.emits = new OutgoingSpans(api, tracer, 'emit', options);
    this.runs = new RunSpans(api, tracer, options);
  }

  call(
    source: DiagnosticsSource,
    packet: ReadPacket,
    callback: ReplyCallback,
    begin: (packet: ReadPacket, callback: ReplyCallback) => () => void,
  ): () => void {
    const span = this.sends.begin(source, packet);
    if (span === undefined) return begin(packet, callback);
    const watch = new CallSpan(span, this.options.valueEvents, this.sends.contextIn);
    let known: Call | undefined;
    const cancel = begin(packet, (reply, origin, call) => {
      known = call;
      watch.reply(reply, origin, call);
      callback(reply, origin, call);
    });
    return () => {
      cancel();
      watch.cancelled(known);
    };
  }

  event(
    source: DiagnosticsSource,
    packet: ReadPacket,
    store: (packet: ReadPacket) => Promise<void>,
  ): Promise<void> {
    const span = this.emits.begin(source, packet);
    return span === undefined ? store(packet) : storing(span, store(packet));
  }

  origin(origin: AsyncResource): AsyncResource {
    return this.runs.origin(origin);
  }

  run(
    source: DiagnosticsSource,
    delivery: Delivery,
    context: RedisStreamsContext,
  ): ((handle: () => void) => void) | undefined {
    const active = this.runs.begin(source, delivery, context);
    return active && ((handle) => this.within(active, handle));
  }

  /** Where the application's context manager throws, handlers run in the context that is active. */
  private within(active: Context, handle: () => void): void {
    let hasBegun = false;
    let isOver = false;
    try {
      this.context.with(active, () => {
        hasBegun = true;
        handle();
        isOver = true;
      });
    } catch (error) {
      if (!hasBegun) handle();
      else if (!isOver) throw error;
    }
  }
}

async function storing(span: Span, stored: Promise<void>): Promise<void> {
  try {
    await stored;
  } catch (error) {
    failed(span, error);
    throw error;
  } finally {
    end(span);
  }
}
