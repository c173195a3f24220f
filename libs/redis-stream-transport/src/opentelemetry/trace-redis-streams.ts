import { Logger } from '@nestjs/common';
import { instrumentation } from '../nest/instrumentation.js';
import { loadApi } from './load-api.js';
import { resolveTraceOptions, type TraceOptions } from './trace-options.js';
import { Tracing } from './tracing.js';

const NOTHING = (): void => undefined;

/**
 * Traces all clients and servers of this process with OpenTelemetry: `send` and `emit` of clients, handlers of servers.
 * Those that were made before are traced too. The context of a trace and the baggage travel in the headers, as the
 * registered propagator writes them. Called again, it replaces the options. Without the package `@opentelemetry/api` it
 * writes one line to the log, and does nothing.
 *
 * @returns what ends it; spans that have begun end as usual
 * @throws RangeError for options out of bounds
 * @example
 * traceRedisStreams();
 */
export function traceRedisStreams(options: TraceOptions = {}): () => void {
  const resolved = resolveTraceOptions(options);
  const api = loadApi();
  if (typeof api === 'string') {
    new Logger('RedisStreamsTracing').error(api, { code: 'PACKAGE_MISSING' });
    return NOTHING;
  }
  const tracing = new Tracing(api, resolved);
  instrumentation.current = tracing;
  return () => {
    if (instrumentation.current === tracing) instrumentation.current = undefined;
  };
}
