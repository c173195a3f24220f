import { msgpack } from 'nestjs-redis-streams/msgpack';
import {
  fromRich,
  toRich,
} from '../../libs/redis-stream-transport/src/contracts/wire/rich-json.js';
import { valueOf, vectorsOf, type Written } from './vectors.js';

interface Vector {
  readonly value?: Written;
  readonly reads?: Written;
  readonly refused?: unknown;
}

describe('rich JSON', () => {
  test.each(vectorsOf<Vector & { json?: unknown }>('rich-json.json'))(
    '$json $refused',
    ({ value, reads, refused, json }) => {
      if (value !== undefined) {
        expect(JSON.parse(JSON.stringify(toRich(valueOf(value))))).toEqual(json);
        expect(fromRich(json)).toStrictEqual(valueOf(value));
      } else if (reads !== undefined) expect(fromRich(json)).toStrictEqual(valueOf(reads));
      else expect(() => fromRich(refused)).toThrow(/does not hold/);
    },
  );
});

describe('MessagePack', () => {
  const { serializer, deserializer } = msgpack();
  test.each(vectorsOf<Vector & { hex?: string; base64?: string; why?: string }>('msgpack.json'))(
    '$hex $why',
    ({ value, refused, hex = '', base64 }) => {
      if (value === undefined) {
        const bytes = Buffer.from(refused as string, 'hex');
        expect(() => void deserializer.deserialize(bytes)).toThrow();
        return;
      }
      const bytes = serializer.serialize({ pattern: 'p', data: valueOf(value) }) as Uint8Array;
      expect(Buffer.from(bytes).toString('hex')).toBe(hex);
      expect(Buffer.from(bytes).toString('base64')).toBe(base64);
      const packet = deserializer.deserialize(Buffer.from(hex, 'hex')) as { data: unknown };
      expect(packet.data).toStrictEqual(valueOf(value));
    },
  );
});
