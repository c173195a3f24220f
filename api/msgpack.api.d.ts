// What nestjs-redis-streams/msgpack exports. Printed by `npm run api`, and compared in CI.

import type { PacketDeserializer, PacketSerializer } from 'nestjs-redis-streams';

export interface MsgpackCodec {
  readonly serializer: PacketSerializer;
  readonly deserializer: PacketDeserializer;
}

export declare function msgpack(): MsgpackCodec;
