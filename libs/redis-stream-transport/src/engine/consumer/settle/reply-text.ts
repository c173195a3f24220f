import { encodeFrame, encodeReply, REPLY } from '../../../protocol/frame.js';
import type { Delivery } from '../run/delivery.js';
import { faultText } from '../run/ends.js';

/** A reply of a delivery as it stands in a frame. */
export function replyText(
  delivery: Delivery,
  kind: (typeof REPLY)[keyof typeof REPLY],
  payload: string | undefined,
  index: number,
): string {
  const { header } = delivery.entry;
  return encodeReply({
    call: header.call as string,
    kind,
    deliveries: delivery.history.deliveries,
    nonce: delivery.nonce,
    index,
    payload,
    headers: delivery.headersBeside,
  });
}

/**
 * A frame that says to their caller that replies of these deliveries are lost, because its log is full.
 *
 * @param consumer that tells it
 */
export function lostFrame(consumer: string, deliveries: readonly Delivery[]): string {
  const payload = faultText('REPLY_LOST', 'the reply log of the caller is full', 'may-have-run');
  const replies = deliveries.map((delivery) => replyText(delivery, REPLY.fault, payload, 0));
  return encodeFrame(consumer, replies.join(','));
}
