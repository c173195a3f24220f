import { resolveRecordOptions, type RecordOptions } from './record-options.js';

const defaults = {
  headers: undefined,
  timeout: undefined,
  idleTimeout: undefined,
  idempotencyKey: undefined,
  atMostOnce: false,
  signal: undefined,
  priority: undefined,
  whenNoConsumer: undefined,
  keepResult: false,
  window: undefined,
};

it('costs nothing without options', () => {
  expect(resolveRecordOptions()).toEqual(defaults);
  expect(resolveRecordOptions({})).toBe(resolveRecordOptions());
});

it('takes each of them', () => {
  const { signal } = new AbortController();
  const given: RecordOptions = {
    headers: { a: 'b' },
    timeout: 50,
    idempotencyKey: 'order-7',
    atMostOnce: true,
    signal,
    priority: 'low',
    whenNoConsumer: 'wait',
    onStored: () => undefined,
    window: false,
  };
  const taken = resolveRecordOptions(given);
  expect(taken).toEqual({ ...given, idleTimeout: undefined, keepResult: false });
  expect(resolveRecordOptions({ keepResult: true })).toMatchObject({ keepResult: true });
  expect(taken.signal).toBe(signal);
  expect(resolveRecordOptions({ idleTimeout: 1, whenNoConsumer: 0 })).toMatchObject({
    idleTimeout: 1,
    whenNoConsumer: 0,
  });
});

it.each([
  [{ headers: { a: 1 } }, /"headers.a" must be a text/],
  [{ timeout: 0 }, /"timeout" must be a duration: .* from 1 to/],
  [{ timeout: '5s' }, /durations are numbers/],
  [{ idleTimeout: Number.NaN }, /"idleTimeout"/],
  [{ timeout: 1, idleTimeout: 1 }, /"timeout" and "idleTimeout" contradict/],
  [{ idempotencyKey: '' }, /"idempotencyKey"/],
  [{ idempotencyKey: 'x'.repeat(257) }, /"idempotencyKey"/],
  [{ idempotencyKey: 'a\ud800' }, /"idempotencyKey" .*half of a pair/],
  [{ messageId: '\udc00b' }, /"messageId" .*half of a pair/],
  [{ atMostOnce: 1 }, /"atMostOnce"/],
  [{ signal: {} }, /"signal" must be an object with addEventListener/],
  [{ window: 64 }, /"window" must be an object of values, characters/],
  [{ window: { values: 0 } }, /"window.values" must be a whole number from 1/],
  [{ atMostOnce: true, window: true }, /"atMostOnce" and "window" contradict/],
  [{ whenNoConsumer: 'never' }, /"whenNoConsumer" must be 'fail', 'wait' or a number/],
  [{ whenNoConsumer: -1 }, /"whenNoConsumer" must be a duration/],
  [{ keepResult: 'yes' }, /"keepResult" must be true or false/],
  [{ keepResult: true, idempotencyKey: 'k' }, /"keepResult" and "idempotencyKey" contradict/],
  [{ onStored: {} }, /"onStored" must be a function/],
  [{ timeuot: 1 }, /unknown option "timeuot"; did you mean "timeout"\?/],
  [{ priority: 1 }, /"priority" must be 'high', 'normal' or 'low'/],
  [{ queue: 1 }, /unknown option "queue"; docs\/options\.md/],
  [JSON.parse('{"__proto__":1}'), /unknown option "__proto__"/],
  [7, /options must be an object/],
])('refuses %j', (raw, message) => {
  expect(() => resolveRecordOptions(raw as RecordOptions)).toThrow(message);
});
