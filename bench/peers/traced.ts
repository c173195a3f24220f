// Registers OpenTelemetry's SDK as an application does, and switches the traces of the transport on.
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { traceRedisStreams } from 'nestjs-redis-streams/opentelemetry';

/** Spans are collected in batches, and go nowhere: what an exporter costs is another's affair. */
const nowhere: SpanExporter = {
  export: (_, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
};

let isOn = false;

/** @param share of the traces that are recorded: 0 to 1 */
export function traceShare(share: number) {
  if (isOn) return;
  isOn = true;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
      spanProcessors: [new BatchSpanProcessor(nowhere, { maxQueueSize: 65_536 })],
    }),
  );
  traceRedisStreams();
}
