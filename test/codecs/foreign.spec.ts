import { encode } from '@msgpack/msgpack';
import { msgpack } from 'nestjs-redis-streams/msgpack';

// What other languages may write with a MessagePack library of theirs.

const { deserializer } = msgpack();
const read = (content: unknown): unknown =>
  deserializer.deserialize(encode(content, { useBigInt64: true }), {});

test('a request is the list of its data, a reply an object', () => {
  expect(read([{ a: 1 }])).toEqual({ data: { a: 1 } });
  expect(read({ response: 1, isDisposed: true })).toEqual({ response: 1, isDisposed: true });
  expect(read({ isDisposed: false })).toEqual({ isDisposed: false });
});

test.each([
  [5, 'this is a number'],
  ['text', 'this is a string'],
  [null, 'this is null'],
  [{ a: 1 }, 'this is another object'],
  [{ pattern: 'p', data: 1 }, 'this is another object'],
  [[], 'this list has 0'],
  [[1, 2], 'this list has 2'],
])('%j is refused, and the error says why', (content, told) => {
  expect(() => read(content)).toThrow(told);
});

describe('a whole number of 64 bits', () => {
  test.each([0n, 2n ** 40n, -(2n ** 40n), 2n ** 53n - 1n, -(2n ** 53n) + 1n])(
    '%s arrives as it is',
    (whole) => {
      expect(read([whole])).toEqual({ data: Number(whole) });
    },
  );

  test.each([2n ** 53n, -(2n ** 53n), 2n ** 64n - 1n, -(2n ** 63n)])(
    '%s is refused: a number would not hold it exactly',
    (whole) => {
      expect(() => read([{ deep: [whole] }])).toThrow(`the whole number ${whole} is beyond 2^53`);
    },
  );
});

test('a number of JavaScript beyond 2^53 travels as a fraction does', () => {
  const { serializer } = msgpack();
  const packet = { pattern: 'p', data: 2 ** 60 };
  const bytes = serializer.serialize(packet) as Uint8Array;
  expect(deserializer.deserialize(bytes, {})).toEqual({ data: 2 ** 60 });
});
