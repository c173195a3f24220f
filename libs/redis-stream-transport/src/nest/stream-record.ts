import type { Observable } from 'rxjs';
import type { Call } from '../engine/producer/call.js';
import type { CallRequest } from '../engine/producer/call-request.js';
import type { Credits } from '../engine/producer/replies/credits.js';
import { RedisStreamsRecord } from './redis-streams.record.js';
import type { ReplyCallback } from './reply-sink.js';
import { StreamedReply } from './streamed-reply.js';

/** Says when a reader has taken a value. */
export interface Pace {
  /** Set by the call, called for each value. */
  taken: () => void;
}

/** Data of a call whose reply is a stream, so that it has a window unless its options say otherwise. */
export class StreamRecord extends RedisStreamsRecord {
  /** @param pace of a reader that takes values later than they are handed to it; undefined: it takes them at once */
  constructor(
    data: unknown,
    readonly pace: Pace | undefined,
  ) {
    const record = data instanceof RedisStreamsRecord ? data : undefined;
    super(record === undefined ? data : record.data, record?.options);
  }
}

/** @param send makes a call of what it is given */
export function streamOf<T>(
  data: unknown,
  send: (sent: unknown) => Observable<T>,
): StreamedReply<T> {
  return new StreamedReply<T>((observer, pace) =>
    // Nest refuses calls without data.
    send(data == null ? data : new StreamRecord(data, pace)).subscribe(observer),
  );
}

/** Hands replies on. With a window it tells what the application is given of them, and what it has taken. */
export function counted(
  { window }: CallRequest,
  credits: Credits,
  data: unknown,
  callback: ReplyCallback,
): ReplyCallback {
  if (window === undefined) return callback;
  const pace = data instanceof StreamRecord ? data.pace : undefined;
  let known: Call | undefined;
  return (packet, origin, call) => {
    if (call === undefined || origin === undefined || packet.isDisposed === true) {
      callback(packet, origin, call);
    } else if (pace === undefined) {
      callback(packet, origin, call);
      credits.passed(call, origin.deliveryCount);
    } else {
      if (known === undefined) pace.taken = () => credits.taken(call);
      known = call;
      credits.handed(call, origin.deliveryCount);
      callback(packet, origin, call);
    }
  };
}
