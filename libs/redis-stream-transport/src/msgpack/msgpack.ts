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
        return packetOf(decode(value));
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

/** @throws FormError for what {@link contentOf} would not make: another language may have written it */
function packetOf(content: unknown): object {
  if (Array.isArray(content)) {
    if (content.length === 1) return { data: content[0] as unknown };
    throw new FormError(
      `a request is a list of one value, its data; this list has ${content.length}`,
    );
  }
  const isObject = typeof content === 'object' && content !== null;
  if (isObject && Object.keys(content).every((key) => REPLY_KEYS.has(key))) return content;
  const found = content === null ? 'null' : isObject ? 'another object' : `a ${typeof content}`;
  throw new FormError(
    `a request is a list of one value, its data, and a reply an object of "response", "err" and "isDisposed"; this is ${found}`,
  );
}

const REPLY_KEYS: ReadonlySet<string> = new Set(['response', 'err', 'isDisposed']);
