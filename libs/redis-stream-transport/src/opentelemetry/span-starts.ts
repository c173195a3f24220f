import type { Attributes, SpanKind, SpanOptions } from '@opentelemetry/api';
import type { DiagnosticsSource } from '../engine/diagnostics/messages.js';
import * as A from './attributes.js';

export type Operation = 'send' | 'emit' | 'process';

/** What spans of one operation and one pattern have in common. */
export interface SpanStart {
  readonly name: string;
  readonly options: SpanOptions & { readonly attributes: Attributes };
}

/** Patterns whose starts are kept; a client may send to any number. */
const MAX_KEPT = 1000;

/** Makes names and attributes of spans, once for each pattern. */
export class SpanStarts {
  private readonly kept = new WeakMap<DiagnosticsSource, Map<string, SpanStart>>();

  constructor(
    private readonly operation: Operation,
    private readonly kind: SpanKind,
  ) {}

  of(source: DiagnosticsSource, pattern: string): SpanStart {
    let starts = this.kept.get(source);
    if (starts === undefined) this.kept.set(source, (starts = new Map()));
    let start = starts.get(pattern);
    if (start === undefined) {
      start = this.make(source, pattern);
      if (starts.size < MAX_KEPT) starts.set(pattern, start);
    }
    return start;
  }

  private make({ group, redis }: DiagnosticsSource, pattern: string): SpanStart {
    const { kind, operation } = this;
    const attributes = {
      [A.SYSTEM]: A.REDIS_STREAMS,
      [A.OPERATION_NAME]: operation,
      [A.OPERATION_TYPE]: operation === 'process' ? 'process' : 'send',
      [A.DESTINATION]: pattern,
      ...(group === undefined ? {} : { [A.CONSUMER_GROUP]: group }),
      ...addressOf(redis),
    };
    return { name: `${operation} ${pattern}`, options: { kind, attributes } };
  }
}

/** The address of Redis; none where there are several, or where the application has made the connection. */
function addressOf(redis: string): Attributes {
  if (redis.startsWith('/')) return { [A.SERVER_ADDRESS]: redis };
  const [, host, port] = /^(\S+):(\d{1,5})$/.exec(redis) ?? [];
  if (host === undefined) return {};
  return { [A.SERVER_ADDRESS]: host, [A.SERVER_PORT]: Number(port) };
}
