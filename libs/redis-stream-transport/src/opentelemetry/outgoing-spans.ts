import type { ReadPacket } from '@nestjs/microservices';
import type { Context, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { DiagnosticsSource } from '../engine/diagnostics/messages.js';
import { RedisStreamsRecord } from '../nest/redis-streams.record.js';
import { patternText } from '../protocol/pattern.js';
import { fitting, namesTrace, type Headers } from './carrier.js';
import type { OpenTelemetryApi } from './load-api.js';
import { Roots, UNSAMPLED } from './roots.js';
import { SpanStarts } from './span-starts.js';
import { isUnsampled, TraceHeaders } from './trace-headers.js';
import type { ResolvedTraceOptions } from './trace-options.js';

/** Begins the spans of messages that are sent, and names them in the headers of these. */
export class OutgoingSpans {
  private readonly starts: SpanStarts;
  private readonly roots: Roots;
  private readonly headers: TraceHeaders;
  private readonly context: OpenTelemetryApi['context'];
  private readonly trace: OpenTelemetryApi['trace'];

  /** @param api its parts are kept: to look one up takes Node as long as to use it */
  constructor(
    { context, propagation, SpanKind, trace, ROOT_CONTEXT }: OpenTelemetryApi,
    private readonly tracer: Tracer,
    operation: 'send' | 'emit',
    { unsampledHeaders, rootShare }: ResolvedTraceOptions,
  ) {
    this.context = context;
    this.trace = trace;
    this.starts = new SpanStarts(operation, SpanKind.PRODUCER);
    this.roots = new Roots(rootShare);
    this.headers = new TraceHeaders({ propagation, trace, ROOT_CONTEXT }, unsampledHeaders);
  }

  /**
   * Undefined if the span is not recorded: the context is in the headers all the same, so that nobody decides anew. Also
   * where a sampler or a processor of the application throws, and for a pattern that cannot be sent.
   */
  begin(source: DiagnosticsSource, packet: ReadPacket): Span | undefined {
    try {
      return this.begun(source, packet);
    } catch {
      return undefined;
    }
  }

  private begun(source: DiagnosticsSource, packet: ReadPacket): Span | undefined {
    const active = this.context.active();
    const parent = this.trace.getSpanContext(active);
    const isRoot = parent === undefined;
    const unsampled = isRoot && !this.roots.mayBegin() ? UNSAMPLED : parent;
    if (isUnsampled(unsampled)) {
      this.inject(unsampled, active, packet);
      return undefined;
    }
    const { name, options } = this.starts.of(source, patternText(packet.pattern));
    const span = this.tracer.startSpan(name, options, active);
    this.inject(span.spanContext(), active, packet);
    return span.isRecording() ? span : undefined;
  }

  /** The span context in the headers of a reply, if there is one. */
  readonly contextIn = (headers: Headers): SpanContext | undefined =>
    namesTrace(headers) ? this.trace.getSpanContext(this.headers.read(headers)) : undefined;

  /** Headers that the application itself has set stay as they are. */
  private inject(span: SpanContext, active: Context, packet: ReadPacket): void {
    const { data } = packet;
    const own =
      data instanceof RedisStreamsRecord ? (data.options?.headers ?? undefined) : undefined;
    const metadata = packet.metadata ?? undefined;
    if (namesTrace(metadata) || namesTrace(own)) return;
    const added = this.headers.write(span, active);
    if (added === undefined) return;
    if (own !== undefined) for (const name of Object.keys(own)) delete added[name];
    const headers = fitting(added, own, metadata);
    packet.metadata = metadata === undefined ? headers : { ...headers, ...metadata };
  }
}
