import type { AsyncResource } from 'node:async_hooks';
import type { ReadPacket } from '@nestjs/microservices';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import type { DiagnosticsSource } from '../engine/diagnostics/messages.js';
import type { RedisStreamsContext } from './redis-streams.context.js';
import type { ReplyCallback } from './reply-sink.js';

/**
 * Stands around every call, event and run of a process. It may add to the metadata of a packet, set the watch of a
 * delivery, and choose the asynchronous context of what it stands around. It must not throw by itself.
 */
export interface Instrumentation {
  /** @param begin makes the call; returns what cancels it */
  call(
    source: DiagnosticsSource,
    packet: ReadPacket,
    callback: ReplyCallback,
    begin: (packet: ReadPacket, callback: ReplyCallback) => () => void,
  ): () => void;
  /** @param store resolves when the event is stored */
  event(
    source: DiagnosticsSource,
    packet: ReadPacket,
    store: (packet: ReadPacket) => Promise<void>,
  ): Promise<void>;
  /** Where deliveries begin, before it is asked about the run of each. @param origin where they begin without it */
  origin(origin: AsyncResource): AsyncResource;
  /** What calls the handlers of a run in their context; undefined: they may be called where the delivery began. */
  run(
    source: DiagnosticsSource,
    delivery: Delivery,
    context: RedisStreamsContext,
  ): ((handle: () => void) => void) | undefined;
}

/**
 * The one of this process; undefined: none, which costs the test of a pointer for each call. It is asked for at each
 * call, so it does not matter whether it came before the clients and servers.
 */
export const instrumentation: { current: Instrumentation | undefined } = { current: undefined };
