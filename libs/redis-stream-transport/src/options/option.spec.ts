import { RedisStreamsError } from '../errors.js';
import * as kinds from './option.js';

const place = { owner: 'Thing', pattern: 'sum' };
const read = (option: kinds.Option, value: unknown) => option.read(value, 'it', place);

function refusal(option: kinds.Option, value: unknown): string {
  try {
    read(option, value);
  } catch (error) {
    expect(error).toBeInstanceOf(RedisStreamsError);
    expect(error).toMatchObject({ code: 'INVALID_OPTION', outcome: 'not-run', pattern: 'sum' });
    return (error as Error).message;
  }
  throw new Error(`${String(value)} was taken`);
}

describe.each([
  ['duration', kinds.duration({ min: 0, max: 50 })],
  ['bytes', kinds.bytes({ min: 0, max: 50 })],
  ['count', kinds.count({ min: 0, max: 50 })],
])('%s', (_, option) => {
  it.each([0, 1, 50])('takes %s', (value) => expect(read(option, value)).toBe(value));

  it.each([-1, 51, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '10', 10n, true, null, [], {}])(
    'refuses %s',
    (value) => expect(refusal(option, value)).toMatch(/^Thing: option "it" must be .*from 0 to 50/),
  );
});

it('tells that durations are numbers', () => {
  expect(refusal(kinds.duration({ min: 0, max: 50 }), '10s')).toBe(
    'Thing: option "it" must be a duration: a whole number of milliseconds from 0 to 50, got the string "10s"; durations are numbers, ten seconds are 10000.',
  );
});

it('takes fractions as a ratio', () => {
  const option = kinds.ratio({ min: 0, max: 1 });
  expect(read(option, 0.5)).toBe(0.5);
  expect(refusal(option, 1.1)).toContain('a number from 0 to 1, got 1.1');
});

it('takes only true and false as a flag', () => {
  const option = kinds.flag;
  expect([read(option, true), read(option, false)]).toEqual([true, false]);
  for (const value of ['false', 0, 1, null, {}]) expect(refusal(option, value)).toMatch(/true or/);
});

it('takes texts within their length and alphabet', () => {
  const option = kinds.text({ max: 3, pattern: /^[a-z]+$/, wanted: 'letters' });
  expect(read(option, 'abc')).toBe('abc');
  for (const value of ['', 'abcd', 'A', 7, null]) {
    expect(refusal(option, value)).toContain('must be letters of 1 to 3 characters');
  }
});

it('passes instances on as they are', () => {
  const option = kinds.instance<{ serialize(): void }>('Serializer', 'serialize');
  const given = { serialize: () => undefined };
  expect(read(option, given)).toBe(given);
  for (const value of [{}, { serialize: 1 }, 'serialize', null]) {
    expect(refusal(option, value)).toContain('an object with serialize()');
  }
});

it('prints neither objects nor addresses', () => {
  const option = kinds.flag;
  expect(refusal(option, { password: 'secret' })).toContain('got an object.');
  expect(refusal(option, ['secret'])).toContain('got an array.');
  expect(refusal(option, 'redis://:secret@host')).toContain('got a URL.');
  expect(refusal(option, () => 'secret')).toContain('got function.');
});
