// Handlers that compute in threads.
export { inThread, type InThread, type InThreadOptions, type ThreadFunction } from './in-thread.js';
export type { ThreadContext } from './thread-context.js';
export { ThreadError, type ThreadErrorCode } from './thread-error.js';
export type { ThrownClass } from './rebuild-thrown.js';
