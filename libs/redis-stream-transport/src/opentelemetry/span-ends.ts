import type { Attributes, Span } from '@opentelemetry/api';
import { RedisStreamsError } from '../errors.js';
import { isA, thrownFacts, thrownText } from '../thrown.js';
import * as A from './attributes.js';

/** The value of the API's SpanStatusCode.ERROR. */
const ERROR = 2;

/** What is said of an error that has no class: it came as JSON. */
const OTHER = '_OTHER';

/** Characters that are kept of a description. */
const MAX_DESCRIPTION = 256;

/** Says on a span that it failed, and with what. */
export function failed(span: Span, error: unknown): void {
  const ours = RedisStreamsError.isRedisStreamsError(error);
  failedWith(span, ours ? error.code : typeOf(error), thrownText(error));
  if (ours) span.setAttribute(A.OUTCOME, error.outcome);
}

export function failedWith(span: Span, type: string, description?: string): void {
  span.setAttribute(A.ERROR_TYPE, type);
  const message = description?.slice(0, MAX_DESCRIPTION);
  span.setStatus(message === undefined ? { code: ERROR } : { code: ERROR, message });
}

/** Adds what a handler threw, as the API's `recordException` does, but in bounds and whatever it is. */
export function thrown(span: Span, error: unknown): void {
  const { message, stack } = thrownFacts(error);
  const attributes: Attributes = { 'exception.type': typeOf(error), 'exception.message': message };
  if (stack !== undefined) attributes['exception.stacktrace'] = stack;
  span.addEvent(A.EVENT.exception, attributes);
}

/** The class of an error; of anything else that was thrown `_OTHER`. */
export function typeOf(error: unknown): string {
  return isA(error, Error) ? thrownFacts(error).name : OTHER;
}

/** Ends a span. What an application's processor of spans throws ends neither a call nor a run. */
export function end(span: Span): void {
  try {
    span.end();
  } catch {
    // The span is lost; its processor may tell why.
  }
}
