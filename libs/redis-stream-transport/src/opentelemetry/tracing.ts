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
    begin: (callback: ReplyCallback) => () => void,
  ): () => void {
    const span = begun(() => this.sends.begin(source, packet));
    if (span === undefined) return begin(callback);
    const watch = new CallSpan(span, this.options.valueEvents, this.sends.contextIn);
    let known: Call | undefined;
    const cancel = begin((reply, origin, call) => {
      known = call;
      watch.reply(reply, origin, call);
      callback(reply, origin, call);
    });
    return () => {
      cancel();
      watch.cancelled(known);
    };
  }

  event(source: DiagnosticsSource, packet: ReadPacket, store: () => Promise<void>): Promise<void> {
    const span = begun(() => this.emits.begin(source, packet));
    return span === undefined ? store() : storing(span, store());
  }

  run(
    source: DiagnosticsSource,
    delivery: Delivery,
    context: RedisStreamsContext,
    handle: () => void,
  ): void {
    const active = begun(() => this.runs.begin(source, delivery, context));
    if (active === undefined) handle();
    else this.context.with(active, handle);
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

/** Samplers and processors of an application are asked here, and may throw. */
function begun<T extends Span | Context>(begin: () => T | undefined): T | undefined {
  try {
    return begin();
  } catch {
    return undefined;
  }
}
