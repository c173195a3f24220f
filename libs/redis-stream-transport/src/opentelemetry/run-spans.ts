import { AsyncResource } from 'node:async_hooks';
import type { Attributes, Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import { originIn } from '../engine/consumer/run/run-watch.js';
import type { DiagnosticsSource } from '../engine/diagnostics/messages.js';
import type { RedisStreamsContext } from '../nest/redis-streams.context.js';
import * as A from './attributes.js';
import type { OpenTelemetryApi } from './load-api.js';
import { originOf } from './origin.js';
import { Roots, UNSAMPLED } from './roots.js';
import { RunSpan } from './run-span.js';
import { SpanStarts } from './span-starts.js';
import { isUnsampled, TraceHeaders } from './trace-headers.js';
import type { ResolvedTraceOptions } from './trace-options.js';

/** A baggage longer than that does not go back to the caller, who has it already. */
const MAX_BAGGAGE_BACK = 1024;

/** As async hooks see where deliveries begin. */
const NAME = 'RedisStreamsTracing';

/** Begins the spans of runs: children of the span that sent the message. */
export class RunSpans {
  private readonly starts: SpanStarts;
  private readonly headers: TraceHeaders;
  private readonly roots: Roots;
  private readonly context: OpenTelemetryApi['context'];
  private readonly trace: OpenTelemetryApi['trace'];
  private readonly root: Context;
  /** Of all runs of messages that are in no trace, where these are not to be traced. */
  private readonly untraced: Context;
  /** Where deliveries of a server begin: in {@link untraced}. */
  private readonly origins = new WeakMap<AsyncResource, AsyncResource>();

  /** @param api its parts are kept: to look one up takes Node as long as to use it */
  constructor(
    { context, propagation, SpanKind, trace, ROOT_CONTEXT }: OpenTelemetryApi,
    private readonly tracer: Tracer,
    { unsampledHeaders, rootShare }: ResolvedTraceOptions,
  ) {
    this.context = context;
    this.trace = trace;
    // Without headers of what is not sampled, a message without headers may be of a trace that is not.
    this.roots = new Roots(unsampledHeaders ? rootShare : 0);
    this.starts = new SpanStarts('process', SpanKind.CONSUMER);
    this.headers = new TraceHeaders({ propagation, trace, ROOT_CONTEXT }, unsampledHeaders);
    this.root = ROOT_CONTEXT;
    this.untraced = trace.setSpanContext(ROOT_CONTEXT, UNSAMPLED);
  }

  /**
   * Where most messages are in no trace, they begin in the context that says so: to enter it with each of them makes two
   * maps, or looks for the resource that runs. Where the application's context manager throws they begin as without it.
   */
  origin(origin: AsyncResource): AsyncResource {
    if (!this.roots.areRare) return origin;
    const known = this.origins.get(origin);
    if (known !== undefined) return known;
    let made: AsyncResource | undefined;
    try {
      made = origin.runInAsyncScope(this.untracedResource);
    } catch {
      return origin;
    }
    if (made !== undefined) this.origins.set(origin, made);
    return made ?? origin;
  }

  /** Undefined while no context manager is registered, which may come later. */
  private readonly untracedResource = (): AsyncResource | undefined => {
    const { context, untraced } = this;
    return context.with(untraced, () =>
      context.active() === untraced ? new AsyncResource(NAME) : undefined,
    );
  };

  /**
   * The context for the handlers; undefined: the one that is active. Also where a sampler or a processor of the
   * application throws.
   */
  begin(
    source: DiagnosticsSource,
    delivery: Delivery,
    context: RedisStreamsContext,
  ): Context | undefined {
    try {
      return this.begun(source, delivery, context);
    } catch {
      return undefined;
    }
  }

  private begun(
    source: DiagnosticsSource,
    delivery: Delivery,
    context: RedisStreamsContext,
  ): Context | undefined {
    const { trace, untraced } = this;
    const sent = this.headers.read(context.getMetadata());
    const sender = trace.getSpanContext(sent);
    if (isUnsampled(sender)) return sent;
    if (sender === undefined && !this.roots.mayBegin()) {
      if (sent !== this.root) return trace.setSpanContext(sent, UNSAMPLED);
      return this.context.active() === untraced ? undefined : untraced;
    }
    const { name, options } = this.starts.of(source, context.getPattern());
    const first = originOf(originIn(delivery.history.state));
    const links = linksOf(delivery, first, sender);
    const span = this.tracer.startSpan(
      name,
      links.length === 0 ? options : { ...options, links },
      sent,
    );
    const active = trace.setSpan(sent, span);
    if (span.isRecording()) {
      span.setAttributes(attributesOf(delivery));
      this.watch(span, active, delivery, first);
    }
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

/**
 * Of one run. They are set when it is known that it is recorded: the SDK looks three times at attributes that are given at the
 * start, and those that samplers may want (as the conventions have it) are the same for all runs of a pattern.
 */
function attributesOf({ name, consumer, callId, history }: Delivery): Attributes {
  const { deliveries, attempts } = history;
  const attributes: Attributes = {
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
