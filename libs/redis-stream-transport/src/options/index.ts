/**
 * Options as tables: a table checks values, has the defaults, and is printed in docs/options.md. The floors above use
 * only what the `resolve…` functions return.
 */
export { resolveClientOptions, resolveServerOptions } from './resolve.js';
export type { RedisStreamsServerOptions, ResolvedServerOptions } from './server-options.js';
export type { RedisStreamsClientOptions, ResolvedClientOptions } from './client-options.js';
export {
  resolveHandlerExtras,
  type HandlerExtras,
  type ResolvedHandlerExtras,
} from './handler-extras.js';
export {
  resolveRecordOptions,
  type RecordOptions,
  type ResolvedRecordOptions,
  type StoredEntry,
} from './record-options.js';
export type { CommonOptions, PacketDeserializer, PacketSerializer } from './common-options.js';
export { readNode, type NodeAddress } from './cluster-nodes.js';
export type { BatchOptions } from './batch.js';
export type { CallHooks, HookedCall } from './call-hooks.js';
export type { Headers } from './headers.js';
export type { WhenNoConsumer } from './no-consumer.js';
export type {
  ConnectionOptions,
  Credentials,
  PassedClusterOptions,
  RedisTarget,
} from './redis-options.js';
export type { Overflow } from './overflow.js';
export type { Priority } from '../protocol/priority.js';
export type { Replicas } from './replicas.js';
export type { Retention } from './retention.js';
export { withRetryParts, type RetryPolicy, type RetryUnless } from './retry-policy.js';
export type { HandlerSynonyms, ServerSynonyms } from './synonyms.js';
export type { ResolvedThreads, ThreadOptions } from './threads.js';
export { DEFAULT_WINDOW, type ResolvedWindow, type Window } from './window.js';
