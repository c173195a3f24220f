import type { TracerProvider } from '@opentelemetry/api';

export interface TraceOptions {
  /** Makes the spans. Default: the global one, also if it is registered later. */
  readonly tracerProvider?: TracerProvider;
  /** Values of a streamed reply that become events of the span of its call. Default: 32; 0: none. */
  readonly valueEvents?: number;
  /**
   * Whether messages say that their trace is not sampled. If not, they have no headers of a trace, and what comes without
   * such headers is not traced: that costs less. Must be the same in all services. Default: true.
   */
  readonly unsampledHeaders?: boolean;
  /**
   * The share of messages in no trace that may begin one, 0 to 1. The sampler is asked about these only; the others are
   * not sampled, and are all in one trace that nobody records. What is in a trace already follows that. Default: 1.
   */
  readonly rootShare?: number;
}

/** Options with their defaults. */
export interface ResolvedTraceOptions {
  readonly tracerProvider: TracerProvider | undefined;
  readonly valueEvents: number;
  readonly unsampledHeaders: boolean;
  readonly rootShare: number;
}

const MAX_VALUE_EVENTS = 1000;

/**
 * @throws RangeError for a number of events that is not 0 to 1,000, or a share that is not 0 to 1; TypeError for
 *   `unsampledHeaders` that is no boolean
 */
export function resolveTraceOptions(options: TraceOptions): ResolvedTraceOptions {
  const { tracerProvider, valueEvents = 32, unsampledHeaders = true, rootShare = 1 } = options;
  if (!Number.isInteger(valueEvents) || valueEvents < 0 || valueEvents > MAX_VALUE_EVENTS) {
    throw new RangeError(`valueEvents must be a whole number from 0 to ${MAX_VALUE_EVENTS}`);
  }
  if (typeof unsampledHeaders !== 'boolean') {
    throw new TypeError('unsampledHeaders must be true or false');
  }
  if (typeof rootShare !== 'number' || !(rootShare >= 0 && rootShare <= 1)) {
    throw new RangeError('rootShare must be a number from 0 to 1');
  }
  return { tracerProvider, valueEvents, unsampledHeaders, rootShare };
}
