import type { Context, Span } from '@opentelemetry/api';
import type { OpenTelemetryApi } from './load-api.js';

type Parts = Pick<OpenTelemetryApi, 'trace' | 'ROOT_CONTEXT'>;

/**
 * Makes contexts that hold a span and nothing else, as those of nearly all messages do. The API's own contexts are maps
 * that are copied with each change, with three functions each.
 */
export function spanOnlyContexts({ trace, ROOT_CONTEXT }: Parts): (span: Span) => Context {
  const key = keyOfSpans(trace);

  class SpanOnlyContext implements Context {
    constructor(private readonly span: Span) {}

    getValue(wanted: symbol): unknown {
      return wanted === key ? this.span : undefined;
    }

    setValue(name: symbol, value: unknown): Context {
      if (name === key) return new SpanOnlyContext(value as Span);
      return ROOT_CONTEXT.setValue(key, this.span).setValue(name, value);
    }

    deleteValue(name: symbol): Context {
      return name === key ? ROOT_CONTEXT : this;
    }
  }

  return (span) => new SpanOnlyContext(span);
}

/** The key under which the API keeps the span of a context: it says so when it is given a context to set one in. */
function keyOfSpans(trace: Parts['trace']): symbol {
  let found = Symbol('none');
  const asked: Context = {
    getValue: () => undefined,
    setValue(key) {
      found = key;
      return asked;
    },
    deleteValue: () => asked,
  };
  trace.setSpanContext(asked, { traceId: '', spanId: '', traceFlags: 0 });
  return found;
}
