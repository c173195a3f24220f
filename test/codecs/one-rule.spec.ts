import { fromRich, toRich } from '../../libs/redis-stream-transport/src/contracts/index.js';
import { decode, encode } from '../../libs/redis-stream-transport/src/msgpack/codec.js';

const codecs = {
  json: (value: unknown): unknown => fromRich(JSON.parse(JSON.stringify(toRich([value])))),
  msgpack: (value: unknown): unknown => decode(encode([value])),
};

/** What comes of a value on the other side, or why it is not sent. */
const outcomes = (value: unknown) =>
  Object.values(codecs).map((travel) => {
    try {
      return (travel(value) as [unknown])[0];
    } catch (error) {
      return (error as Error).message.replace('the data cannot be carried: ', '');
    }
  });

const nested = (levels: number, leaf: unknown): unknown => {
  let value = leaf;
  for (let i = 0; i < levels; i++) value = [value];
  return value;
};

const saying = (answer: unknown): object => ({ toJSON: () => answer });
const itself = {
  a: 1,
  toJSON(): unknown {
    return this;
  },
};
const inTurns = { other: saying(1), toJSON: () => saying(2) };
const cycle: Record<string, unknown> = {};
cycle['cycle'] = saying(cycle);

test.each([
  ['undefined in a list', [undefined], [undefined]],
  ['a property that is undefined', { a: undefined, b: 1 }, { b: 1 }],
  ['a property that is a function', { a: 1, b: () => 1 }, { a: 1 }],
  ['a toJSON that gives undefined, in a list', [saying(undefined)], [undefined]],
  ['a toJSON that gives undefined, as a property', { a: saying(undefined), b: 1 }, { b: 1 }],
  ['a toJSON that gives a Date', saying(new Date(0)), new Date(0)],
  ['a toJSON that gives itself', itself, { a: 1 }],
  ['a toJSON that gives a toJSON, which is not asked, as in JSON', inTurns, {}],
  ['a toJSON in the last level', nested(62, saying({ a: 1 })), nested(62, { a: 1 })],
])('both codecs carry %s alike', (_what, value, arrived) => {
  expect(outcomes(value)).toStrictEqual([arrived, arrived]);
});

test.each([
  ['a level too many', nested(65, 1), 'nesting deeper than 64, or a cycle'],
  ['a cycle through toJSON', cycle, 'nesting deeper than 64, or a cycle'],
  ['a symbol', Symbol('s'), 'a symbol cannot be sent'],
  ['a function', () => 1, 'a function cannot be sent'],
  ['other views', new Float64Array(1), 'Float64Array cannot be sent; a Buffer can'],
  ['a buffer without a view', new ArrayBuffer(1), 'ArrayBuffer cannot be sent; a Buffer can'],
  ['a bigint without end', 10n ** 10_000n, 'a bigint of more than 10000 digits'],
  ['a key that is a trap', JSON.parse('{"__proto__":1}'), 'a __proto__ key cannot be sent'],
])('both codecs refuse %s with the same words', (_what, value, reason) => {
  expect(outcomes(value)).toEqual([reason, reason]);
});
