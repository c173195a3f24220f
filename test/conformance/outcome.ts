import { type Observable, takeUntil, tap, timer } from 'rxjs';

/** Everything that a subscriber sees of one call. `silence`: nothing more came within the time. */
export type Outcome =
  | { values: unknown[]; end: 'complete' }
  | { values: unknown[]; end: 'error'; error: unknown }
  | { values: unknown[]; end: 'silence' };

/** Long enough for a loaded machine; a test that meets it has found a hang. */
export const PATIENCE = 4_000;
/** How long silence is listened to where silence is what is expected. */
export const SILENCE = 400;

export function outcomeOf(source: Observable<unknown>, within = PATIENCE): Promise<Outcome> {
  const values: unknown[] = [];
  return new Promise((resolve) => {
    source.pipe(takeUntil(timer(within).pipe(tap(() => resolve(silence(...values)))))).subscribe({
      next: (value) => values.push(value),
      error: (error: unknown) => resolve(failed(error, ...values)),
      complete: () => resolve(completed(...values)),
    });
  });
}

export const completed = (...values: unknown[]): Outcome => ({ values, end: 'complete' });
export const failed = (error: unknown, ...values: unknown[]): Outcome => ({
  values,
  end: 'error',
  error,
});
export const silence = (...values: unknown[]): Outcome => ({ values, end: 'silence' });

/** What Nest's default filter makes of everything that is not an RpcException. */
export const internalError = { status: 'error', message: 'Internal server error' };
