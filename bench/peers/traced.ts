// Registers OpenTelemetry's SDK as an application does, and switches the traces of the transport on.
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { type TraceOptions, traceRedisStreams } from 'nestjs-redis-streams/opentelemetry';

/** Spans are collected in batches, and go nowhere: what an exporter costs is another's affair. */
const nowhere: SpanExporter = {
  export: (_, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
};

let isOn = false;

/**
 * @param share of the traces that the sampler records: 0 to 1
 */
export function traceShare(share: number, options: TraceOptions) {
  if (register(share)) traceRedisStreams(options);
}

/** The SDK alone: a span around each call and each handler, made by hand, which no header names. */
export function spansByHand(share: number, name: string) {
  register(share);
  const tracer = trace.getTracer('bench');
  const attributes = {
    'messaging.system.name': 'redis_streams',
    'messaging.operation.name': name,
    'messaging.operation.type': name,
    'messaging.destination.name': 'echo',
    'server.address': '127.0.0.1',
    'server.port': 6379,
  };
  return () => {
    const span = tracer.startSpan(name, { attributes });
    return () => span.end();
  };
}

/** Whether it is done now, and was not before. */
function register(share: number): boolean {
  if (isOn) return false;
  isOn = true;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
  // Where all are recorded, as the SDK does by default.
  const root = share === 1 ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(share);
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({
      sampler: new ParentBasedSampler({ root }),
      spanProcessors: [new BatchSpanProcessor(nowhere, { maxQueueSize: 65_536 })],
    }),
  );
  // As its first use does.
  context.with(context.active(), () => undefined);
  return true;
}
