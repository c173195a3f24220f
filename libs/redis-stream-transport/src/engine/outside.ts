import { AsyncResource } from 'node:async_hooks';

/**
 * The asynchronous context in which this module was loaded: it belongs to no call. What many calls share
 * (connections, timers, batches) is made in it. Otherwise it would be made in the context of the first call, keep
 * that context alive, and hand on replies in it.
 */
const OUTSIDE = new AsyncResource('RedisStreams', { requireManualDestroy: true });

/** Runs a task outside of the context of any call; costs about 30 ns. */
export function outside<T>(task: () => T): T {
  return OUTSIDE.runInAsyncScope(task);
}
