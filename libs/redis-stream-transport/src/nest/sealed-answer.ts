import type { Delivery } from '../engine/consumer/run/delivery.js';
import type { ReplyFacts, Sealer } from '../options/sealing.js';
import { wireCodec } from '../protocol/header.js';
import { SEALED_CODEC } from '../protocol/sealed-text.js';
import type { Packed } from './packets.js';

const WIRE = wireCodec('text', SEALED_CODEC);

/** Seals a packet as the reply of a delivery at its place. The headers that its handler has set are sealed with it. */
export function sealReply(
  sealer: Sealer,
  packet: Readonly<Record<string, unknown>>,
  delivery: Delivery,
  place: Pick<ReplyFacts, 'index' | 'last'>,
): Packed | Promise<Packed> {
  const { entry, consumer, history, nonce, pattern } = delivery;
  const { caller = '', call = '' } = entry.header;
  const facts: ReplyFacts = {
    pattern: pattern.spec.pattern,
    ...{ caller, call, key: entry.key, request: entry.data },
    ...{ instance: consumer, deliveries: history.deliveries, nonce, ...place },
  };
  const sealed = sealer.reply(packet, delivery.replyHeaders, facts);
  return sealed instanceof Promise ? sealed.then(packed) : packed(sealed);
}

function packed(text: string): Packed {
  return { codec: WIRE, text, output: text };
}
