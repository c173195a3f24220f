import type { Context, Span, SpanContext } from '@opentelemetry/api';
import { getter, setter, type Headers } from './carrier.js';
import type { OpenTelemetryApi } from './load-api.js';
import { originOf, originText } from './origin.js';
import { spanOnlyContexts } from './span-only-context.js';

/** The headers of the W3C. */
const FIELDS: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage']);
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/** Whether a trace goes on without being recorded. */
export function isUnsampled(span: SpanContext | undefined): span is SpanContext {
  return span !== undefined && (span.traceFlags & 1) === 0 && isValid(span);
}

/** What is needed of the API. */
type HeaderApi = Pick<OpenTelemetryApi, 'propagation' | 'trace' | 'ROOT_CONTEXT'>;

/**
 * Writes and reads what the registered propagator does. Where that has only the headers of the W3C, a `traceparent`
 * alone is written and read here: most messages have nothing else, and the way through the propagators costs four
 * times as much.
 */
export class TraceHeaders {
  private readonly contextOf: (span: Span) => Context;

  /** @param tellsUnsampled whether messages say that their trace is not sampled */
  constructor(
    private readonly api: HeaderApi,
    private readonly tellsUnsampled: boolean,
  ) {
    this.contextOf = spanOnlyContexts(api);
  }

  /** @param context what else travels, the baggage, is in it */
  write(span: SpanContext, context: Context): Record<string, string> | undefined {
    const { propagation, trace } = this.api;
    const fields = propagation.fields();
    if (fields.length === 0) return undefined;
    const isPlain = span.traceState === undefined && propagation.getBaggage(context) === undefined;
    if (isPlain && areKnown(fields)) {
      const isTold = this.tellsUnsampled || (span.traceFlags & 1) === 1;
      return isTold && isValid(span) ? { traceparent: originText(span) } : undefined;
    }
    const headers: Record<string, string> = {};
    propagation.inject(trace.setSpanContext(context, span), headers, setter);
    return headers;
  }

  read(headers: Headers): Context {
    const { propagation, trace, ROOT_CONTEXT } = this.api;
    const isPlain = !Object.hasOwn(headers, 'tracestate') && !Object.hasOwn(headers, 'baggage');
    if (isPlain && areKnown(propagation.fields())) {
      if (!Object.hasOwn(headers, 'traceparent')) return ROOT_CONTEXT;
      const { traceparent } = headers;
      const span = typeof traceparent === 'string' ? originOf(traceparent) : undefined;
      if (span !== undefined) {
        return isValid(span) ? this.contextOf(trace.wrapSpanContext(span)) : ROOT_CONTEXT;
      }
    }
    return propagation.extract(ROOT_CONTEXT, headers, getter);
  }
}

function isValid({ traceId, spanId }: SpanContext): boolean {
  return traceId !== NO_TRACE && spanId !== NO_SPAN;
}

function areKnown(fields: readonly string[]): boolean {
  return fields.includes('traceparent') && fields.every((field) => FIELDS.has(field));
}
