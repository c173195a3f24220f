import { openingDeserializer, sealingSerializer } from '../options/sealing.js';
import type { PacketDeserializer, PacketSerializer } from '../options/index.js';
import { SEALED_CODEC } from '../protocol/sealed-text.js';
import { MessageOpener } from './message-opener.js';
import { MessageSealer } from './message-sealer.js';
import { readSealing, type SealedOptions } from './sealed-options.js';

export interface SealedCodec {
  readonly serializer: PacketSerializer;
  readonly deserializer: PacketDeserializer;
}

/**
 * Seals data and replies, so that who can read and write in Redis can neither read nor change them, nor pass one off as
 * another. Services and clients must both have it: what is not sealed is refused with UNTRUSTED.
 * `docs/sealed.md` says what it defends against, and what it does not.
 *
 * @throws RedisStreamsError INVALID_OPTION
 *
 * @example
 * const secret = process.env['SEAL_SECRET']; // 32 random bytes in base64
 * new ServerRedisStreams({ url, ...sealed({ name: 'orders', keys: [{ id: '2026-11', secret }] }) });
 * new ClientRedisStreams({ url, ...sealed({ name: 'shop', keys: [{ id: '2026-11', secret }] }) });
 */
export function sealed(options: SealedOptions): SealedCodec {
  const sealing = readSealing(options);
  return {
    serializer: sealingSerializer(SEALED_CODEC, new MessageSealer(sealing)),
    deserializer: openingDeserializer(SEALED_CODEC, new MessageOpener(sealing)),
  };
}
