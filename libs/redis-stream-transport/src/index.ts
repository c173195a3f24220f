// For applications.
export { ServerRedisStreams } from './nest/server-redis-streams.js';
export { ClientRedisStreams } from './nest/client-redis-streams.js';
export type { CallResult } from './nest/call-result.js';
export type { ReplyWithMeta } from './nest/reply-with-meta.js';
export type { ServerHealth } from './engine/consumer/instance-health.js';
export type { StreamedReply } from './nest/streamed-reply.js';
export type { ReplyMeta } from './nest/reply-sink.js';
export type { ReplyOrigin } from './engine/producer/call-request.js';
export {
  RedisStreamsContext,
  type RedisStreamsContextFacts,
} from './nest/redis-streams.context.js';
export { RedisStreamsBatchContext } from './nest/redis-streams-batch.context.js';
export type { NackOptions } from './nest/nack.js';
export { RedisStreamsRecord, RedisStreamsRecordBuilder } from './nest/redis-streams.record.js';
export { DeadLetter, RetryLater } from './nest/retry-later.js';
export { REDIS_STREAMS } from './nest/transport-id.js';
export { RedisStreamsModule } from './module/redis-streams.module.js';
export {
  REDIS_STREAMS_ERROR_CODES,
  RedisStreamsError,
  type CallOutcome,
  type RedisStreamsErrorCode,
} from './errors.js';
export type {
  BatchOptions,
  CallHooks,
  CommonOptions,
  ConnectionOptions,
  Credentials,
  HandlerExtras,
  HandlerSynonyms,
  Headers,
  HookedCall,
  Overflow,
  PacketDeserializer,
  PacketSerializer,
  PassedClusterOptions,
  Priority,
  RecordOptions,
  RedisStreamsClientOptions,
  RedisStreamsServerOptions,
  Replicas,
  Retention,
  RetryPolicy,
  RetryUnless,
  ServerSynonyms,
  StoredEntry,
  ThreadOptions,
  WhenNoConsumer,
  Window,
} from './options/index.js';
export type { ProvenCaller } from './options/sealing.js';
export type { RedisStreamsEvents, RedisStreamsStatus } from './nest/redis-streams.events.js';
export type { LinkRole } from './redis/link-settings.js';
