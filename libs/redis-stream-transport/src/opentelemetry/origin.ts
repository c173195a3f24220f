import type { SpanContext } from '@opentelemetry/api';

const FORM = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The first attempt of an entry as its notes name it: as a `traceparent` does. */
export function originText({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** Undefined for what {@link originText} would not write: anybody may have written a note. */
export function originOf(text: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = (text !== undefined && FORM.exec(text)) || [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags ?? '0', 16), isRemote: true };
}
