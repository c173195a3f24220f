import { Observable } from 'rxjs';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import { RedisStreamsError } from '../errors.js';
import { thrownText } from '../thrown.js';

/** Kinds of lost events that are told apart; further ones share a line per code. */
const MAX_KINDS = 100;

/**
 * Shows the promise of an event as the observable that `emit` returns. Nest's own makes a subject and two
 * subscriptions for it, a quarter of what an event costs its sender.
 * @param unheard told of a failure that came when nobody had subscribed
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
    // As of a subject: whoever comes later sees the end alone.
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

/** Says that events were not stored which nobody asked about, once per code, pattern and interval. */
export class UnheardEvents {
  private readonly kinds = new Set<string>();

  constructor(private readonly logger: RateLimitedLogger) {}

  warn(pattern: string, error: unknown): void {
    const isOurs = RedisStreamsError.isRedisStreamsError(error);
    const code = isOurs ? error.code : 'refused';
    const kind = `${code} ${pattern.slice(0, 100)}`;
    const isKnown = this.kinds.has(kind);
    if (!isKnown && this.kinds.size < MAX_KINDS) this.kinds.add(kind);
    const is = isOurs && error.outcome === 'may-have-run' ? 'is perhaps not' : 'was not';
    this.logger.warn(
      `emit ${this.kinds.has(kind) ? kind : code}`,
      `an event of ${pattern.slice(0, 100)} ${is} stored, and nobody subscribed to its emit: ${code}, ${thrownText(error)}`,
    );
  }
}
