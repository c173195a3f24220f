import { brand, RedisStreamsError } from './errors.js';
import { isFinal } from './nest/final-error.js';
import { isA, property, thrownError, thrownFacts, thrownStory, thrownText } from './thrown.js';

const fails = (): never => {
  throw new Error('asked');
};
const traps = { get: fails, getPrototypeOf: fails, has: fails, ownKeys: fails };
const cyclic: Record<string, unknown> = {};
cyclic.itself = cyclic;

/** What JavaScript lets anybody throw, and how it is told. */
const THROWN: readonly (readonly [what: string, thrown: unknown, told: string | RegExp])[] = [
  ['undefined', undefined, 'undefined'],
  ['null', null, 'null'],
  ['a text', 'gone', 'gone'],
  ['an empty text', '', 'an empty text'],
  ['a number', 7, '7'],
  ['a big integer', 7n, '7'],
  ['a symbol', Symbol('gone'), 'Symbol(gone)'],
  ['an error', new TypeError('gone'), 'gone'],
  ['an error without a message', new TypeError(), 'TypeError'],
  ['an error whose message is no text', Object.assign(new Error(), { message: {} }), 'Error'],
  ['an object without prototype', Object.create(null), 'object'],
  ['an object', { status: 'error', message: 'gone' }, '{"status":"error","message":"gone"}'],
  ['an object that contains itself', cyclic, 'Object'],
  ['a getter that throws', Object.defineProperty({}, 'message', { get: fails }), 'Object'],
  [
    'an error whose getters throw',
    Object.defineProperty(new Error(), 'message', { get: fails }),
    /Error/,
  ],
  ['an object that does not become JSON', { message: 'gone', toJSON: fails }, 'gone'],
  ['a proxy whose traps throw', new Proxy({}, traps), 'object'],
  ['a proxy that was revoked', revoked(), 'object'],
  ['a function', function gone() {}, 'gone'],
];

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('anything that user code throws has a text', () => {
  test.each(THROWN)('%s', (_, thrown, told) => {
    if (typeof told === 'string') expect(thrownText(thrown)).toBe(told);
    else expect(thrownText(thrown)).toMatch(told);
    expect(thrownError(thrown)).toBeInstanceOf(Error);
    expect(typeof thrownError(thrown).message).toBe('string');
    expect(thrownFacts(thrown).name).not.toBe('');
    expect(thrownStory(thrown)).not.toBe('');
  });

  test.each(THROWN)('%s can be asked what it is', (_, thrown) => {
    expect(isA(thrown, RangeError)).toBe(false);
    expect(property(thrown, 'nothing')).toBeUndefined();
    expect(RedisStreamsError.isRedisStreamsError(thrown)).toBe(false);
    expect(brand(class extends Error {}, 'test')(thrown)).toBe(false);
    expect(isFinal(thrown)).toBe(false);
  });

  test('is bounded', () => {
    const long = new Error('m'.repeat(1_000_000));
    long.name = 'n'.repeat(1_000_000);
    long.stack = 's'.repeat(1_000_000);
    const { name, message, code, stack } = thrownFacts(
      Object.assign(long, { code: 'c'.repeat(9999) }),
    );
    expect([name, message, code, stack].map((text) => text?.length)).toEqual([
      128, 1024, 128, 4096,
    ]);
    expect(thrownText('x'.repeat(1_000_000))).toHaveLength(1024);
    expect(thrownStory(long)).toHaveLength(4096);
  });
});

describe('the facts of an error', () => {
  test('are its name, message, code and stack, with those of its causes', () => {
    class DatabaseError extends Error {
      readonly code = 'ECONNREFUSED';
    }
    const error = new DatabaseError('database is down', { cause: new RangeError('no port') });
    const { name, message, code, stack } = thrownFacts(error);
    expect({ name, message, code }).toEqual({
      name: 'DatabaseError',
      message: 'database is down',
      code: 'ECONNREFUSED',
    });
    expect(stack).toMatch(/^Error: database is down\n\s+at /);
    expect(stack).toContain('\ncaused by: RangeError: no port\n');
  });

  test('end with a cause that is its own cause', () => {
    const error = new Error('once more');
    error.cause = error;
    expect(thrownFacts(error).stack?.split('caused by').length).toBeLessThan(8);
  });

  test('are the type alone of what is no error', () => {
    expect(thrownFacts(undefined)).toEqual({
      name: 'undefined',
      message: 'undefined',
      code: undefined,
      stack: undefined,
    });
  });
});
