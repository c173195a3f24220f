import type { PacketDeserializer, PacketSerializer } from '../options/common-options.js';
import { decode, encode } from './codec.js';
import { FormError } from './form-error.js';

/** What travels with the data as the name of this codec. */
const NAME = 'msgpack';

export interface MsgpackCodec {
  readonly serializer: PacketSerializer;
  readonly deserializer: PacketDeserializer;
}

/**
 * MessagePack instead of JSON: `Date`, `Buffer`, `bigint`, `Map`, `Set`, `-0`, `NaN` and `undefined` in lists
 * arrive as what they are. Service and client must both have it; if one has not, calls fail with
 * CODEC_MISMATCH. Needs the package `@msgpack/msgpack`. `docs/codecs.md` tells what it costs.
 *
 * @example
 * new ServerRedisStreams({ url, ...msgpack() });
 * new ClientRedisStreams({ url, ...msgpack() });
 */
export function msgpack(): MsgpackCodec {
  return {
    serializer: {
      codec: NAME,
      serialize: (packet) => encode(contentOf(packet as Readonly<Record<string, unknown>>)),
    },
    deserializer: {
      codec: NAME,
      deserialize(value) {
        if (!(value instanceof Uint8Array)) throw new FormError('MessagePack travels as bytes');
        const content = decode(value);
        return Array.isArray(content) ? { data: content[0] as unknown } : content;
      },
    },
  };
}

/**
 * Pattern, headers and ids travel beside the data, and are not written: requests and events are a list of
 * their data alone, replies an object.
 */
function contentOf(packet: Readonly<Record<string, unknown>>): object {
  if ('pattern' in packet) return [packet['data']];
  const { response, err, isDisposed } = packet;
  return { response, err, isDisposed };
}
