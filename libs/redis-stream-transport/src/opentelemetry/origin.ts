import type { SpanContext } from '@opentelemetry/api';

const FORM = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The first attempt of an entry as its notes name it: as a `traceparent` does. */
export function originText({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${flagsText(traceFlags)}`;
}

/** Undefined for what {@link originText} would not write: anybody may have written a note. */
export function originOf(text: string | undefined): SpanContext | undefined {
  // A list of what a pattern has found costs more than to cut the text at places that are known.
  if (text === undefined || !FORM.test(text)) return undefined;
  const traceId = text.slice(3, 35);
  return { traceId, spanId: text.slice(36, 52), traceFlags: flagsOf(text), isRemote: true };
}

/** Nearly all have one of two values. */
function flagsText(flags: number): string {
  if (flags === 0) return '00';
  return flags === 1 ? '01' : flags.toString(16).padStart(2, '0');
}

function flagsOf(text: string): number {
  if (text.endsWith('-00')) return 0;
  return text.endsWith('-01') ? 1 : Number.parseInt(text.slice(53), 16);
}
