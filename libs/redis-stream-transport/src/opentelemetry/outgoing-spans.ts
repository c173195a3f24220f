import type { ReadPacket } from '@nestjs/microservices';
import type { Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { DiagnosticsSource } from '../engine/diagnostics/messages.js';
import { RedisStreamsRecord } from '../nest/redis-streams.record.js';
import { patternText } from '../protocol/pattern.js';
import { fitting, getter, namesTrace, setter, type Headers } from './carrier.js';
import type { OpenTelemetryApi } from './load-api.js';
import { SpanStarts } from './span-starts.js';

/** Begins the spans of messages that are sent, and names them in the headers of these. */
export class OutgoingSpans {
  private readonly starts: SpanStarts;

  constructor(
    private readonly api: OpenTelemetryApi,
    private readonly tracer: Tracer,
    operation: 'send' | 'emit',
  ) {
    this.starts = new SpanStarts(operation);
  }

  /**
   * Undefined if the span is not recorded: its context is in the headers all the same, so that nobody decides anew.
   * @throws RedisStreamsError INVALID_MESSAGE for a pattern that cannot be sent
   */
  begin(source: DiagnosticsSource, packet: ReadPacket): Span | undefined {
    const { name, attributes } = this.starts.of(source, patternText(packet.pattern));
    const { PRODUCER } = this.api.SpanKind;
    const span = this.tracer.startSpan(name, { kind: PRODUCER, attributes });
    this.inject(span, packet);
    return span.isRecording() ? span : undefined;
  }

  /** The span context in the headers of a reply, if there is one. */
  readonly contextIn = (headers: Headers): SpanContext | undefined => {
    if (!namesTrace(headers)) return undefined;
    const { propagation, ROOT_CONTEXT, trace } = this.api;
    return trace.getSpanContext(propagation.extract(ROOT_CONTEXT, headers, getter));
  };

  /** Headers that the application itself has set stay as they are. */
  private inject(span: Span, packet: ReadPacket): void {
    const { context, propagation, trace } = this.api;
    const { data } = packet;
    const own =
      data instanceof RedisStreamsRecord ? (data.options?.headers ?? undefined) : undefined;
    const metadata = packet.metadata ?? undefined;
    if (namesTrace(metadata) || namesTrace(own)) return;
    const added: Record<string, string> = {};
    propagation.inject(trace.setSpan(context.active(), span), added, setter);
    if (own !== undefined) for (const name of Object.keys(own)) delete added[name];
    const headers = fitting(added, own, metadata);
    for (const _ in headers) {
      packet.metadata = metadata === undefined ? headers : { ...headers, ...metadata };
      return;
    }
  }
}
