import type { Attributes, Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import { originIn } from '../engine/consumer/run/run-watch.js';
import type { DiagnosticsSource } from '../engine/diagnostics/messages.js';
import type { RedisStreamsContext } from '../nest/redis-streams.context.js';
import * as A from './attributes.js';
import type { OpenTelemetryApi } from './load-api.js';
import { originOf } from './origin.js';
import { RunSpan } from './run-span.js';
import { SpanStarts } from './span-starts.js';
import { isUnsampled, TraceHeaders } from './trace-headers.js';

/** A baggage longer than that does not go back to the caller, who has it already. */
const MAX_BAGGAGE_BACK = 1024;

/** Begins the spans of runs: children of the span that sent the message. */
export class RunSpans {
  private readonly starts: SpanStarts;
  private readonly headers: TraceHeaders;
  private readonly trace: OpenTelemetryApi['trace'];

  /** @param api its parts are kept: to look one up takes Node as long as to use it */
  constructor(
    { propagation, SpanKind, trace, ROOT_CONTEXT }: OpenTelemetryApi,
    private readonly tracer: Tracer,
  ) {
    this.trace = trace;
    this.starts = new SpanStarts('process', SpanKind.CONSUMER);
    this.headers = new TraceHeaders({ propagation, trace, ROOT_CONTEXT });
  }

  /** The context for the handlers. */
  begin(source: DiagnosticsSource, delivery: Delivery, context: RedisStreamsContext): Context {
    const { trace } = this;
    const sent = this.headers.read(context.getMetadata());
    const sender = trace.getSpanContext(sent);
    if (isUnsampled(sender)) return sent;
    const { name, options } = this.starts.of(source, context.getPattern());
    const first = originOf(originIn(delivery.history.state));
    const links = linksOf(delivery, first, sender);
    const attributes = attributesOf(options.attributes, delivery);
    const start = { kind: options.kind, attributes, links };
    const span = this.tracer.startSpan(name, start, sent);
    const active = trace.setSpan(sent, span);
    if (span.isRecording()) this.watch(span, active, delivery, first);
    return active;
  }

  private watch(
    span: Span,
    active: Context,
    delivery: Delivery,
    first: SpanContext | undefined,
  ): void {
    const own = span.spanContext();
    const headers = (delivery.isRequest && this.headers.write(own, active)) || {};
    if (delivery.isRequest) {
      if ((headers['baggage']?.length ?? 0) > MAX_BAGGAGE_BACK) delete headers['baggage'];
      const text = JSON.stringify(headers);
      if (text !== '{}') delivery.replyHeaders = text;
    }
    const watch = new RunSpan(span, first ?? own, headers);
    delivery.watch = watch;
    delivery.whenAborted((reason) => watch.aborted(reason));
  }
}

/** Written out: V8 takes about a microsecond for an object that is spread and has more properties after that. */
function attributesOf(of: Attributes, { name, consumer, callId, history }: Delivery): Attributes {
  const { deliveries, attempts } = history;
  const attributes: Attributes = {
    [A.SYSTEM]: of[A.SYSTEM],
    [A.OPERATION_NAME]: of[A.OPERATION_NAME],
    [A.OPERATION_TYPE]: of[A.OPERATION_TYPE],
    [A.DESTINATION]: of[A.DESTINATION],
    [A.CONSUMER_GROUP]: of[A.CONSUMER_GROUP],
    [A.SERVER_ADDRESS]: of[A.SERVER_ADDRESS],
    [A.SERVER_PORT]: of[A.SERVER_PORT],
    [A.MESSAGE_ID]: name,
    [A.CLIENT_ID]: consumer,
    [A.CONVERSATION_ID]: callId,
  };
  // The SDK takes its time for each of them, also where there is no value.
  if (deliveries > 1) attributes[A.DELIVERIES] = deliveries;
  if (attempts > 0) attributes[A.FAILED_ATTEMPTS] = attempts;
  return attributes;
}

function linksOf(
  { history }: Delivery,
  first: SpanContext | undefined,
  sent: SpanContext | undefined,
): Link[] {
  if (first !== undefined) {
    return [{ context: first, attributes: { [A.LINK]: 'first_attempt' } }];
  }
  // Taken over. The span of a process that was killed is never exported, so nothing could point to it.
  if (history.deliveries === 1 || sent === undefined) return [];
  return [{ context: sent, attributes: { [A.LINK]: 'message' } }];
}
