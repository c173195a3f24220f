import type { Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import { originIn } from '../engine/consumer/run/run-watch.js';
import type { DiagnosticsSource } from '../engine/diagnostics/messages.js';
import type { RedisStreamsContext } from '../nest/redis-streams.context.js';
import * as A from './attributes.js';
import { getter, setter } from './carrier.js';
import type { OpenTelemetryApi } from './load-api.js';
import { originOf, originText } from './origin.js';
import { RunSpan } from './run-span.js';
import { SpanStarts } from './span-starts.js';

/** A baggage longer than that does not go back to the caller, who has it already. */
const MAX_BAGGAGE_BACK = 1024;

/** Begins the spans of runs: children of the span that sent the message. */
export class RunSpans {
  private readonly starts = new SpanStarts('process');

  constructor(
    private readonly api: OpenTelemetryApi,
    private readonly tracer: Tracer,
  ) {}

  /** The context for the handlers. */
  begin(source: DiagnosticsSource, delivery: Delivery, context: RedisStreamsContext): Context {
    const { propagation, ROOT_CONTEXT, SpanKind, trace } = this.api;
    const sent = propagation.extract(ROOT_CONTEXT, context.getMetadata(), getter);
    const { name, attributes } = this.starts.of(source, context.getPattern());
    const first = originOf(originIn(delivery.history.state));
    const links = linksOf(delivery, first, trace.getSpanContext(sent));
    const start = { kind: SpanKind.CONSUMER, attributes, ...(links && { links }) };
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
    const { callId, history } = delivery;
    span.setAttribute(A.MESSAGE_ID, delivery.name);
    span.setAttribute(A.CLIENT_ID, delivery.consumer);
    if (callId !== undefined) span.setAttribute(A.CONVERSATION_ID, callId);
    if (history.deliveries > 1) span.setAttribute(A.DELIVERIES, history.deliveries);
    if (history.attempts > 0) span.setAttribute(A.FAILED_ATTEMPTS, history.attempts);
    const headers: Record<string, string> = {};
    if (delivery.isRequest) {
      this.api.propagation.inject(active, headers, setter);
      if ((headers['baggage']?.length ?? 0) > MAX_BAGGAGE_BACK) delete headers['baggage'];
      const text = JSON.stringify(headers);
      if (text !== '{}') delivery.replyHeaders = text;
    }
    const watch = new RunSpan(span, originText(first ?? span.spanContext()), headers);
    delivery.watch = watch;
    delivery.whenAborted((reason) => watch.aborted(reason));
  }
}

function linksOf(
  { history }: Delivery,
  first: SpanContext | undefined,
  sent: SpanContext | undefined,
): Link[] | undefined {
  if (first !== undefined) {
    return [{ context: first, attributes: { [A.LINK]: 'first_attempt' } }];
  }
  // Taken over. The span of a process that was killed is never exported, so nothing could point to it.
  if (history.deliveries === 1 || sent === undefined) return undefined;
  return [{ context: sent, attributes: { [A.LINK]: 'message' } }];
}
