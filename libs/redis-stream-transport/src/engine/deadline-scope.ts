import { AsyncLocalStorage } from 'node:async_hooks';

/** What calls made inside a handler inherit. They report their beginning and end to it. */
export interface DeadlineScope {
  /** Monotonic milliseconds at which the handler's own caller stops waiting; Infinity if it never does. */
  readonly expiresAt: number;
  /** Number of handlers that wait for this one, each inside the next. */
  readonly depth: number;
  /** The handler waits for one call more. */
  callOpened(): void;
  /** A call has ended. Called once for each that was opened. */
  callClosed(): void;
}

let storage: AsyncLocalStorage<DeadlineScope | undefined> | undefined;

/**
 * Turns scopes on; called when a client is made. A process that only serves never pays for context tracking, which
 * slows down every promise on older runtimes.
 */
export function enableDeadlineScopes(): void {
  storage ??= new AsyncLocalStorage();
}

/** Runs a handler in its scope, so that calls made inside cannot outlive it. `undefined`: outside of all scopes. */
export function runInScope<T>(scope: DeadlineScope | undefined, task: () => T): T {
  // The first `run` of a process turns tracking on for good, at a cost for every promise. A process that only calls
  // never needs it.
  if (storage === undefined || scope === storage.getStore()) return task();
  return storage.run(scope, task);
}

/**
 * The scope of one run for several handlers: all of them wait for its calls, and none's deadline counts for the others.
 * Undefined where none of them has a scope.
 */
export function sharedScope(of: readonly (DeadlineScope | undefined)[]): DeadlineScope | undefined {
  const scopes = of.flatMap((one) => one ?? []);
  if (scopes.length === 0) return undefined;
  return {
    expiresAt: Number.POSITIVE_INFINITY,
    // As for the deepest of them: its calls find room whatever the others hold.
    depth: Math.max(...scopes.map(({ depth }) => depth)),
    callOpened: () => {
      for (const scope of scopes) scope.callOpened();
    },
    callClosed: () => {
      for (const scope of scopes) scope.callClosed();
    },
  };
}

/** The scope of the running handler; undefined outside of a handler. */
export function currentScope(): DeadlineScope | undefined {
  return storage?.getStore();
}

/** Whether scopes are on: if not, the hot path need not make one. */
export function scopesEnabled(): boolean {
  return storage !== undefined;
}

/** Monotonic milliseconds at which the call of the running handler expires; undefined outside of a handler. */
export function inheritedExpiry(): number | undefined {
  return currentScope()?.expiresAt;
}
