import type { Delivery } from '../engine/consumer/delivery.js';
import type { PacketDeserializer } from '../options/index.js';
import { mismatch, parse, unpackData, UnreadableData } from './packets.js';
import { isA, thrownText } from '../thrown.js';

/**
 * The data of an entry, at once when it is plain JSON.
 * @param answersIn name of the codec that replies are written with
 * @throws UnreadableData, or rejects with it
 */
export function dataOf(
  { entry, pattern, isRequest }: Delivery,
  deserializer: PacketDeserializer | undefined,
  answersIn: string | undefined,
): unknown {
  const { header, data } = entry;
  if (header.codec !== 'json') return unpackData(deserializer, header, data, pattern.spec.pattern);
  // It can be read, but its sender could not read the reply.
  if (answersIn !== undefined && isRequest) throw mismatch('plain JSON', answersIn);
  return parse(data);
}

/** Ends a delivery whose data no handler can be given. */
export function unreadable(delivery: Delivery, error: unknown): void {
  const code = isA(error, UnreadableData) ? error.code : undefined;
  delivery.malformed(thrownText(error), code);
}
