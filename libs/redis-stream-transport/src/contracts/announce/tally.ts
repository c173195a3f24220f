import type { MessageHandler } from '@nestjs/microservices';
import { isObservable, Observable } from 'rxjs';
import { RedisStreamsBatchContext } from '../../nest/redis-streams-batch.context.js';
import { RedisStreamsContext } from '../../nest/redis-streams.context.js';
import { Histogram, quantile, type Buckets } from '../../protocol/durations.js';
import { isA } from '../../thrown.js';

/** What became of the calls of one method in one instance since it started. */
export interface MethodCounts {
  /** Ended calls, failed ones included. */
  readonly calls: number;
  readonly errors: number;
  readonly inFlight: number;
  /** `[bucket, count]` of their durations; a bucket begins at 1.2^bucket microseconds. */
  readonly durations: Buckets;
}

/** Counts what passes through a handler, guards and pipes included: some additions per call. */
export class Tally {
  private calls = 0;
  private errors = 0;
  private inFlight = 0;
  private readonly durations = new Histogram();

  get counts(): MethodCounts {
    const { calls, errors, inFlight } = this;
    return { calls, errors, inFlight, durations: this.durations.buckets };
  }

  watch(handler: MessageHandler): MessageHandler {
    return async (data: unknown, context: unknown) => {
      const started = performance.now();
      this.inFlight++;
      try {
        const result: unknown = await handler(data, context);
        if (isObservable(result)) return this.watched(result, context, started);
        this.end(started, false);
        return result;
      } catch (error) {
        this.end(started, !isCancelled(context));
        throw error;
      }
    };
  }

  /** Nest passes errors on as Observables too. A call ends with the Observable, or when it is unsubscribed from. */
  private watched(
    values: Observable<unknown>,
    context: unknown,
    started: number,
  ): Observable<unknown> {
    return new Observable((observer) => {
      let ended = false;
      const end = (failed: boolean): void => {
        if (!ended) this.end(started, failed);
        ended = true;
      };
      const subscription = values.subscribe({
        next: (value) => observer.next(value),
        error: (error: unknown) => {
          end(!isCancelled(context));
          observer.error(error);
        },
        complete: () => {
          end(false);
          observer.complete();
        },
      });
      return () => {
        subscription.unsubscribe();
        end(false);
      };
    });
  }

  private end(started: number, failed: boolean): void {
    this.inFlight--;
    this.calls++;
    if (failed) this.errors++;
    this.durations.record(performance.now() - started);
  }
}

/**
 * Whether its handler was told to stop because nobody waits for it any more, or because another instance has it: what it
 * throws then is no error. A deadline that has passed is one.
 */
function isCancelled(context: unknown): boolean {
  const isOurs = isA(context, RedisStreamsContext) || isA(context, RedisStreamsBatchContext);
  if (!isOurs || !context.signal.aborted) return false;
  return (context.signal.reason as Error).name === 'AbortError';
}

/** Counts with their quantiles worked out. */
export interface CallStats {
  /** Ended calls, failed ones included. */
  readonly calls: number;
  readonly errors: number;
  readonly inFlight: number;
  /** Milliseconds, to about 10 %; undefined before the first call. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

/** Adds up the counts of several methods or instances. */
export function callStats(counts: readonly MethodCounts[]): CallStats {
  const sum = (of: (one: MethodCounts) => number): number =>
    counts.reduce((total, one) => total + of(one), 0);
  const buckets = new Map<number, number>();
  for (const { durations } of counts) {
    for (const [bucket, count] of durations) {
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
    }
  }
  return {
    calls: sum(({ calls }) => calls),
    errors: sum(({ errors }) => errors),
    inFlight: sum(({ inFlight }) => inFlight),
    p50: quantile([...buckets], 0.5),
    p99: quantile([...buckets], 0.99),
  };
}
