import type { SpanContext } from '@opentelemetry/api';

/** Characters of a `traceparent` of version 00, and where hyphens divide its parts. */
const LENGTH = 55;
const BEFORE_SPAN = 35;
const BEFORE_FLAGS = 52;
const HYPHEN = 45;

/** A digit, or a lower case letter from a to f. */
const isHex = (code: number): boolean => (code >= 48 && code <= 57) || (code >= 97 && code <= 102);

/** Written out: a regular expression takes four times as long, and this is asked about each message. */
function isTraceparent(text: string): boolean {
  if (text.length !== LENGTH || !text.startsWith('00-')) return false;
  for (let i = 3; i < LENGTH; i++) {
    const code = text.charCodeAt(i);
    if (i === BEFORE_SPAN || i === BEFORE_FLAGS) {
      if (code !== HYPHEN) return false;
    } else if (!isHex(code)) return false;
  }
  return true;
}

/** The first attempt of an entry as its notes name it: as a `traceparent` does. */
export function originText({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${flagsText(traceFlags)}`;
}

/** Undefined for what {@link originText} would not write: anybody may have written a note. */
export function originOf(text: string | undefined): SpanContext | undefined {
  if (text === undefined || !isTraceparent(text)) return undefined;
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
