import type { MsPattern, ReadPacket } from '@nestjs/microservices';
import type { PacketDeserializer } from '../options/index.js';
import type { ClientLife } from './client-life.js';
import { OpenCall } from './open-call.js';
import { refuseAborted, type OutgoingPackets } from './outgoing.js';
import { ReplySink, type ReplyCallback } from './reply-sink.js';
import { counted } from './stream-record.js';

export interface MadeCallsParts {
  readonly outgoing: OutgoingPackets;
  readonly life: ClientLife;
  readonly deserializer: PacketDeserializer | undefined;
  /** The text of a pattern. */
  name(this: void, pattern: MsPattern): string;
}

const NOTHING_TO_CANCEL = (): void => undefined;

/** Makes calls of packets, and passes their replies on. */
export class MadeCalls {
  constructor(private readonly parts: MadeCallsParts) {}

  /** Returns what cancels the call. Errors reach the callback like every other end. */
  begin(packet: ReadPacket, callback: ReplyCallback): () => void {
    const { outgoing, life, deserializer, name } = this.parts;
    try {
      const pattern = name(packet.pattern as MsPattern);
      const prepared = outgoing.prepare(pattern, packet, false);
      refuseAborted(prepared.signal, 'a call', pattern);
      const producer = life.ready();
      const told = counted(prepared.request, producer.credits, packet.data, callback);
      const sink = new ReplySink(pattern, told, deserializer);
      const call = (sink.call = producer.call(prepared.request, sink, prepared));
      const open = (sink.open = new OpenCall(producer, call));
      return () => open.cancel();
    } catch (error) {
      callback({ err: error, isDisposed: true });
      return NOTHING_TO_CANCEL;
    }
  }
}
