import { AsyncLocalStorage } from 'node:async_hooks';

/** What calls made inside a handler inherit, and whom they tell of their beginning and end. */
export interface DeadlineScope {
  /** Monotonic milliseconds at which the handler's own caller stops waiting; Infinity if it never does. */
  readonly expiresAt: number;
  /** Handlers that wait for this one, one inside the other. */
  readonly depth: number;
  /** The handler waits for a call. */
  callOpened(): void;
  /** A call has ended, once for each that was opened. */
  callClosed(): void;
}

let storage: AsyncLocalStorage<DeadlineScope | undefined> | undefined;

/**
 * Called when a client is made. A process that only serves never pays for context tracking, which on
 * older runtimes slows every promise down.
 */
export function enableDeadlineScopes(): void {
  storage ??= new AsyncLocalStorage();
}

/** Runs a handler so that the calls it makes cannot outlive it; `undefined` leaves every scope. */
export function runInScope<T>(scope: DeadlineScope | undefined, task: () => T): T {
  // The first `run` of a process turns tracking on for good, which costs every promise; a process that
  // only calls never needs it.
  if (storage === undefined || scope === storage.getStore()) return task();
  return storage.run(scope, task);
}

/** The scope of the handler that is running; undefined outside of one. */
export function currentScope(): DeadlineScope | undefined {
  return storage?.getStore();
}

/** Whether anybody could inherit: false lets the hot path skip making a scope. */
export function scopesEnabled(): boolean {
  return storage !== undefined;
}

/** Monotonic milliseconds at which the call that is being handled ends; undefined outside a handler. */
export function inheritedExpiry(): number | undefined {
  return currentScope()?.expiresAt;
}
