import { RedisStreamsError } from '../../../errors.js';
import type { Clock } from '../../clock.js';
import type { DeadlineQueue } from '../../deadline-queue.js';
import type { EntryRequest, WrittenData } from './entry-request.js';
import { OutgoingEvent } from './event.js';
import { sendWhenWritten } from './late-data.js';

export interface EventBookSettings {
  /** Events that may be on their way at once. */
  readonly maxPending: number;
  readonly clock: Clock;
  /** Each event is in it until it ends. */
  readonly deadlines: Pick<DeadlineQueue<OutgoingEvent>, 'add' | 'remove'>;
  readonly send: (event: OutgoingEvent) => void;
}

/** How an event ends early, or begins late. */
export interface EventTerms {
  readonly signal?: AbortSignal | undefined;
  /** Its data, when a serializer takes its time. */
  readonly written?: Promise<WrittenData> | undefined;
}

/** Keeps the books of events on their way. */
export class EventBook {
  private open = 0;

  constructor(private readonly settings: EventBookSettings) {}

  /** Resolves when the event is stored; rejects within its timeout, with its signal or with `close`. */
  publish(request: EntryRequest, { signal, written }: EventTerms): Promise<void> {
    const { maxPending, clock, deadlines } = this.settings;
    if (this.open >= maxPending) {
      const message = `the client has ${maxPending} events on their way`;
      return Promise.reject(new RedisStreamsError('OVERLOADED', message, request));
    }
    return new Promise((resolve, reject) => {
      const event = new OutgoingEvent(request, clock.now(), (ended, error) => {
        this.open--;
        deadlines.remove(ended);
        if (error === undefined) resolve();
        else reject(error);
      });
      if (signal !== undefined) event.heed(signal);
      this.open++;
      deadlines.add(event);
      const { send } = this.settings;
      if (written === undefined) send(event);
      else sendWhenWritten(event, written, send, (late, error) => late.end(error));
    });
  }

  /** Ends what is on its way. */
  close(events: readonly OutgoingEvent[], { code, message }: RedisStreamsError): void {
    for (const event of events) {
      const outcome = event.copies > 0 || event.tainted ? 'may-have-run' : 'not-run';
      event.end(new RedisStreamsError(code, message, { pattern: event.pattern, outcome }));
    }
  }
}
