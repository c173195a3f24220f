import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api';
import { MAX_HEADERS_LENGTH } from '../protocol/limits.js';

export type Headers = Readonly<Record<string, string>>;

/** Longest value of a header that is looked at, in UTF-16 units: a baggage may have 8,192 bytes. */
const MAX_VALUE = 8192;

/** What all headers together may have as they are here; as JSON they are a little longer. */
const ROOM = MAX_HEADERS_LENGTH - 1024;

/** Names of headers that say which trace a message belongs to. */
const PARENTS = ['traceparent', 'b3', 'x-b3-traceid', 'uber-trace-id'] as const;

/** Reads headers, which anybody may have written. */
export const getter: TextMapGetter<Headers> = {
  keys: (headers) => Object.keys(headers),
  get(headers, name) {
    if (!Object.hasOwn(headers, name)) return undefined;
    const value: unknown = headers[name];
    return typeof value === 'string' && value.length <= MAX_VALUE ? value : undefined;
  },
};

export const setter: TextMapSetter<Record<string, string>> = {
  set(headers, name, value) {
    headers[name] = value;
  },
};

/** Whether the application itself has said which trace a message belongs to. */
export function namesTrace(headers: Headers | undefined): boolean {
  return headers !== undefined && PARENTS.some((name) => Object.hasOwn(headers, name));
}

/**
 * Headers that a message gets beside those that it has. A baggage that does not fit is left out, and so is everything
 * if that does not fit either: nobody's call may fail because it is traced.
 */
export function fitting(
  added: Record<string, string>,
  ...others: (Headers | undefined)[]
): Headers {
  if (others.every((one) => one === undefined) && added['baggage'] === undefined) return added;
  const taken = others.reduce((sum, one) => sum + lengthOf(one), 0);
  const own = lengthOf(added);
  if (taken + own <= ROOM) return added;
  const { baggage, ...rest } = added;
  if (baggage === undefined) return {};
  return taken + lengthOf(rest) <= ROOM ? rest : {};
}

function lengthOf(headers: Headers | undefined): number {
  if (headers === undefined) return 0;
  let length = 0;
  for (const name of Object.keys(headers)) {
    length += name.length + String(headers[name]).length + 6;
  }
  return length;
}
