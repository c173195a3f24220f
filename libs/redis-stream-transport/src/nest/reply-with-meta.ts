import type { WritePacket } from '@nestjs/microservices';
import type { Observer } from 'rxjs';
import type { ReplyCallback, ReplyMeta } from './reply-sink.js';

/** A value together with where it came from. */
export interface ReplyWithMeta<T> extends ReplyMeta {
  readonly value: T;
}

/**
 * Hands replies to an observer together with where they came from.
 * @param read makes of an observer of values what reads packets
 */
export function withMeta<T>(
  observer: Observer<ReplyWithMeta<T>>,
  read: (values: Observer<T>) => (packet: WritePacket) => void,
): ReplyCallback {
  let meta: ReplyMeta | undefined;
  const observe = read({
    next: (value) => observer.next({ value, ...(meta as ReplyMeta) }),
    error: (error: unknown) => observer.error(error),
    complete: () => observer.complete(),
  });
  return (packet, origin, call) => {
    if (origin !== undefined && call !== undefined) meta = { ...origin, callId: call.callId };
    observe(packet);
  };
}
