import { RedisStreamsError } from '../../../errors.js';
import type { Clock } from '../../clock.js';
import type { DeadlineQueue } from '../../deadline-queue.js';
import type { EntryRequest, WrittenData } from './entry-request.js';
import { OutgoingEvent } from './event.js';
import type { ProducerDiagnostics } from '../producer-diagnostics.js';
import { sendWhenWritten } from './late-data.js';

export interface EventBookSettings {
  /** How many events may be on their way at once. */
  readonly maxPending: number;
  readonly clock: Clock;
  /** Holds each event until it ends. */
  readonly deadlines: Pick<DeadlineQueue<OutgoingEvent>, 'add' | 'remove'>;
  readonly send: (event: OutgoingEvent) => void;
  readonly diagnostics: Pick<ProducerDiagnostics, 'eventSent' | 'eventEnded'>;
}

/** What may end a call or an event early, or delay its start. */
export interface EventTerms {
  /** Cancels it. */
  readonly signal?: AbortSignal | undefined;
  /** Its data, if the serializer answered with a promise. */
  readonly written?: Promise<WrittenData> | undefined;
}

/** Counts the events that are on their way, and ends each of them once. */
export class EventBook {
  private open = 0;

  constructor(private readonly settings: EventBookSettings) {}

  /** Resolves when the event is stored. Rejects when its time is over, its signal fires or the client closes. */
  publish(request: EntryRequest, { signal, written }: EventTerms): Promise<void> {
    const { maxPending, clock, deadlines, diagnostics } = this.settings;
    if (this.open >= maxPending) {
      const message = `the client has ${maxPending} events on their way`;
      return Promise.reject(new RedisStreamsError('OVERLOADED', message, request));
    }
    return new Promise((resolve, reject) => {
      const event = new OutgoingEvent(request, clock.now(), (ended, error) => {
        this.open--;
        deadlines.remove(ended);
        diagnostics.eventEnded(ended, error);
        if (error === undefined) resolve();
        else reject(error);
      });
      if (signal !== undefined) event.cancelOn(signal);
      this.open++;
      diagnostics.eventSent(event);
      deadlines.add(event);
      const { send } = this.settings;
      const { stream, timeout, schedule } = request;
      const within = timeout + (schedule?.wait ?? 0);
      const data =
        written ?? request.seal?.({ stream, caller: undefined, call: undefined, within });
      if (data === undefined) send(event);
      else sendWhenWritten(event, data, send, (late, error) => late.end(error));
    });
  }

  /** Ends events that are on their way. */
  close(events: readonly OutgoingEvent[], { code, message }: RedisStreamsError): void {
    for (const event of events) {
      const outcome = event.copies > 0 || event.tainted ? 'may-have-run' : 'not-run';
      event.end(new RedisStreamsError(code, message, { pattern: event.pattern, outcome }));
    }
  }
}
