import { AsyncResource } from 'node:async_hooks';

/**
 * The asynchronous context that this module was loaded in: nobody's. What many share (connections, timers,
 * batches) is made in it, or it would live in the context of whoever happened to come first, keep that alive,
 * and hand on replies in it.
 */
const OUTSIDE = new AsyncResource('RedisStreams', { requireManualDestroy: true });

/** Runs a task in nobody's context; some 30 ns. */
export function outside<T>(task: () => T): T {
  return OUTSIDE.runInAsyncScope(task);
}
