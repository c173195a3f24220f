import type { Delivery } from '../engine/consumer/run/delivery.js';
import type { PacketDeserializer } from '../options/index.js';
import { mismatch, parse, unpackData, UnreadableData } from './packets.js';
import { isA, thrownText } from '../thrown.js';

type Headers = Readonly<Record<string, string>> | undefined;

/** @param metadata headers of the entry, and what the packet of a serializer has beyond them */
export type Hand = (delivery: Delivery, data: unknown, metadata: Headers) => void;

/**
 * Reads the data of an entry and hands it on; at once if it is plain JSON. Data that cannot be read ends the
 * delivery. So do the deadline and the caller while a deserializer still works.
 * @param answersIn name of the codec that replies are written with
 */
export function readData(
  delivery: Delivery,
  deserializer: PacketDeserializer | undefined,
  answersIn: string | undefined,
  hand: Hand,
): void {
  const { header, data, headers } = delivery.entry;
  if (header.codec !== 'json') {
    readPacked(delivery, deserializer, hand);
    return;
  }
  let read: unknown;
  try {
    // The data can be read, but the sender could not read the reply.
    if (answersIn !== undefined && delivery.isRequest) throw mismatch('plain JSON', answersIn);
    read = parse(data);
  } catch (error) {
    unreadable(delivery, error);
    return;
  }
  hand(delivery, read, headers);
}

/** Until a handler begins, an aborted delivery ends at once; data that is read later is dropped. */
function readPacked(
  delivery: Delivery,
  deserializer: PacketDeserializer | undefined,
  hand: Hand,
): void {
  const { entry, pattern } = delivery;
  let begun = false;
  delivery.whenAborted((reason) => {
    if (!begun) delivery.unstarted(reason);
  });
  unpackData(deserializer, entry.header, entry.data, pattern.spec.pattern).then(
    ({ data, metadata }) => {
      if (delivery.ended) return;
      begun = true;
      hand(delivery, data, merged(entry.headers, metadata));
    },
    (error: unknown) => unreadable(delivery, error),
  );
}

function merged(headers: Headers, metadata: unknown): Headers {
  if (typeof metadata !== 'object' || metadata === null) return headers;
  return { ...headers, ...(metadata as Record<string, string>) };
}

/** Ends a delivery whose data cannot be read. */
export function unreadable(delivery: Delivery, error: unknown): void {
  const code = isA(error, UnreadableData) ? error.code : undefined;
  delivery.malformed(thrownText(error), code);
}
