import { Observable } from 'rxjs';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import { RedisStreamsError } from '../errors.js';
import { thrownText } from '../thrown.js';

/** Pairs of code and pattern that have a log line of their own; further ones share a line per code. */
const MAX_KINDS = 100;

/**
 * Makes the observable that `emit` returns from the promise of an event. Nest's way takes a subject and two
 * subscriptions, which is a quarter of what an event costs its sender.
 * @param unheard is called with a failure that comes before the first subscription
 */
export function storedEvent<T>(
  stored: Promise<T>,
  unheard: (error: unknown) => void,
): Observable<T> {
  let isOver = false;
  let isHeard = false;
  stored.then(
    () => (isOver = true),
    (error: unknown) => {
      if (!isHeard) unheard(error);
    },
  );
  return new Observable<T>((observer) => {
    isHeard = true;
    // As with a subject, a late subscriber gets the end alone.
    const isLate = isOver;
    stored.then(
      (value) => {
        if (!isLate) observer.next(value);
        observer.complete();
      },
      (error: unknown) => observer.error(error),
    );
  });
}

/** Logs events that were not stored and had no subscriber, once per code, pattern and interval. */
export class UnheardEvents {
  private readonly kinds = new Set<string>();

  constructor(private readonly logger: RateLimitedLogger) {}

  warn(of: unknown, error: unknown): void {
    const pattern = nameOf(of);
    const isOurs = RedisStreamsError.isRedisStreamsError(error);
    const code = isOurs ? error.code : 'refused';
    const kind = `${code} ${pattern.slice(0, 100)}`;
    const isKnown = this.kinds.has(kind);
    if (!isKnown && this.kinds.size < MAX_KINDS) this.kinds.add(kind);
    const is = isOurs && error.outcome === 'may-have-run' ? 'is perhaps not' : 'was not';
    this.logger.warn(
      `EVENT_NOT_STORED ${this.kinds.has(kind) ? kind : code}`,
      `an event of ${pattern.slice(0, 100)} ${is} stored, and nobody subscribed to its emit: ${code}, ${thrownText(error)}`,
    );
  }
}

/** A pattern in a log line. It may be anything, also what JSON has no text for. */
function nameOf(pattern: unknown): string {
  if (typeof pattern === 'string') return pattern;
  try {
    return JSON.stringify(pattern) ?? typeof pattern;
  } catch {
    return typeof pattern;
  }
}
