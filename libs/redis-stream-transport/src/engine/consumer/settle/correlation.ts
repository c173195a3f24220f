import { visible } from '../../../protocol/visible.js';

/** Header by which callers name what a message belongs to. */
const HEADER = 'x-correlation-id';
/** Characters that are shown: the text comes from a caller. */
const SHOWN = 128;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-/;

/** What a message belongs to: its `x-correlation-id`, or else the trace that its `traceparent` names. */
export function correlationOf(
  headers: Readonly<Record<string, string>> | undefined,
): string | undefined {
  if (headers === undefined) return undefined;
  const named = Object.hasOwn(headers, HEADER) ? headers[HEADER] : undefined;
  if (named !== undefined && named !== '') return visible(named.slice(0, SHOWN));
  const { traceparent } = headers;
  if (traceparent === undefined || !Object.hasOwn(headers, 'traceparent')) return undefined;
  return TRACEPARENT.exec(traceparent.slice(0, SHOWN))?.[1];
}
