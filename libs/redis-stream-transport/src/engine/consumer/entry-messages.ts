import type {
  DiagnosticsSource,
  EntryDiagnostics,
  EntryEnded,
  EntryRead,
  EntryStarted,
} from '../diagnostics/messages.js';
import type { Delivery } from './run/delivery.js';

/** What every message about an entry says. */
export function aboutEntry(
  source: DiagnosticsSource,
  { pattern, entry, stream, name, callId, history }: Delivery,
): EntryDiagnostics {
  return {
    source,
    pattern: pattern.spec.pattern || (entry.pattern ?? stream.name),
    stream: stream.name,
    entry: name,
    callId,
    deliveries: history.deliveries,
    attempts: history.attempts,
  };
}

/**
 * What is told of each entry. These are classes, because V8 takes about a microsecond for an object that is spread and
 * has more properties after that, and 50 ns for one of a class.
 */
class EntryMessage implements EntryDiagnostics {
  readonly source: DiagnosticsSource;
  readonly pattern: string;
  readonly stream: string;
  readonly entry: string;
  readonly callId: string | undefined;
  readonly deliveries: number;
  readonly attempts: number;

  constructor(about: EntryDiagnostics) {
    this.source = about.source;
    this.pattern = about.pattern;
    this.stream = about.stream;
    this.entry = about.entry;
    this.callId = about.callId;
    this.deliveries = about.deliveries;
    this.attempts = about.attempts;
  }
}

export class ReadMessage extends EntryMessage implements EntryRead {
  constructor(
    about: EntryDiagnostics,
    readonly inStream: number,
  ) {
    super(about);
  }
}

export class StartedMessage extends EntryMessage implements EntryStarted {
  constructor(
    about: EntryDiagnostics,
    readonly waited: number,
  ) {
    super(about);
  }
}

export class EndedMessage extends EntryMessage implements EntryEnded {
  readonly result: EntryEnded['result'];
  readonly code: EntryEnded['code'];
  readonly waited: number;
  readonly ran: number;

  constructor(
    about: EntryDiagnostics,
    { result, code, waited, ran }: Pick<EntryEnded, 'result' | 'code' | 'waited' | 'ran'>,
  ) {
    super(about);
    this.result = result;
    this.code = code;
    this.waited = waited;
    this.ran = ran;
  }
}
