import 'reflect-metadata';
import { RpcException } from '@nestjs/microservices';
import { DeadLetter, RetryLater } from './retry-later.js';

/** A second copy of the module, as when two versions of the package are installed. */
async function otherCopy(): Promise<typeof import('./retry-later.js')> {
  vi.resetModules();
  return import('./retry-later.js');
}

it.each([new RetryLater(5), new DeadLetter('no')])(
  'passes Nest’s filters as itself: %s',
  (thrown) => {
    expect(thrown).toBeInstanceOf(RpcException);
    expect(thrown.getError()).toBe(thrown);
    expect(JSON.parse(JSON.stringify(thrown))).toEqual({
      status: 'error',
      message: thrown.message,
    });
  },
);

describe('RetryLater', () => {
  it('leaves the delay to the policy unless it is given', () => {
    expect(new RetryLater().delayMs).toBeUndefined();
    expect(new RetryLater(0).delayMs).toBe(0);
    expect(new RetryLater(250, { cause: 'busy' })).toMatchObject({ delayMs: 250, cause: 'busy' });
    expect(String(new RetryLater(250))).toBe('RetryLater: Retry in 250 ms');
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 7 * 86_400_000 + 1, '5'])(
    'refuses a delay of %s',
    (delay) => {
      expect(() => new RetryLater(delay as number)).toThrow(/milliseconds from 0 to 604800000/);
    },
  );

  it('is known to another copy of the package', async () => {
    const copy = await otherCopy();
    expect(copy.RetryLater.is(new RetryLater())).toBe(true);
    expect(copy.RetryLater.is(new DeadLetter())).toBe(false);
    expect(copy.RetryLater.is(undefined)).toBe(false);
  });
});

describe('DeadLetter', () => {
  it('has a reason and a cause', () => {
    expect(new DeadLetter('no such order', { cause: 7 })).toMatchObject({
      message: 'no such order',
      name: 'DeadLetter',
      cause: 7,
    });
    expect(new DeadLetter().message).not.toBe('');
  });

  it('is known to another copy of the package', async () => {
    const copy = await otherCopy();
    expect(copy.DeadLetter.is(new DeadLetter())).toBe(true);
    expect(copy.DeadLetter.is(new Error('no'))).toBe(false);
  });
});
