import { headers } from './headers.js';

const read = (value: unknown) => headers.read(value, 'headers', { owner: 'Client' });

it('copies and freezes', () => {
  const given = { traceparent: '00-1' };
  const taken = read(given);
  given.traceparent = 'later';
  expect(taken).toEqual({ traceparent: '00-1' });
  expect(Object.isFrozen(taken)).toBe(true);
});

it.each([
  ['an array', ['a'], /"headers" must be an object of texts/],
  ['a text', 'a', /"headers" must be/],
  ['a number', { tries: 3 }, /"headers.tries" must be a text, got 3/],
  ['an empty name', { '': 'a' }, /other header names/],
  ['__proto__', JSON.parse('{"__proto__":"a"}'), /other header names, got the string "__proto__"/],
  ['more than travels', { a: 'x'.repeat(16_384) }, /at most 16384 characters/],
])('refuses %s', (_, value, message) => {
  expect(() => read(value)).toThrow(message);
});
