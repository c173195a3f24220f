import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { type TraceOptions, traceRedisStreams } from 'nestjs-redis-streams/opentelemetry';
import { onTestFinished } from 'vitest';
import { eventually } from '../../tools/wait.js';

interface Settings extends TraceOptions {
  readonly sampler?: Sampler;
  readonly processor?: SpanProcessor;
}

/** OpenTelemetry's SDK as an application registers it. Spans that have ended are kept in memory. */
export class Traces {
  private readonly exporter = new InMemorySpanExporter();
  /** Ends the instrumentation; the SDK stays. */
  readonly stop: () => void;

  constructor({ sampler, processor, ...options }: Settings = {}) {
    register(
      new BasicTracerProvider({
        ...(sampler === undefined ? {} : { sampler }),
        spanProcessors: [
          new SimpleSpanProcessor(this.exporter),
          ...(processor === undefined ? [] : [processor]),
        ],
      }),
    );
    this.stop = traceRedisStreams(options);
    onTestFinished(() => {
      this.stop();
      unregister();
    });
  }

  get spans(): readonly ReadableSpan[] {
    return this.exporter.getFinishedSpans();
  }

  named(name: string): ReadableSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** The only span of a name, when it has ended. */
  async one(name: string): Promise<ReadableSpan> {
    const [span] = await this.all(name, 1);
    return span as ReadableSpan;
  }

  /** So many spans of a name, when they have ended. */
  async all(name: string, count: number): Promise<ReadableSpan[]> {
    await eventually(() => expect(this.named(name)).toHaveLength(count));
    return this.named(name);
  }
}

export function register(provider: BasicTracerProvider): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({
      propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
    }),
  );
  trace.setGlobalTracerProvider(provider);
}

export function unregister(): void {
  trace.disable();
  propagation.disable();
  context.disable();
}

/** The names of the events of a span. */
export const eventsOf = (span: ReadableSpan): string[] => span.events.map(({ name }) => name);
