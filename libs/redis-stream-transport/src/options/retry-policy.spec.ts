import { defaultRetryPolicy, retryPolicy, withRetryParts } from './retry-policy.js';

const read = (value: unknown) => retryPolicy.read(value, 'retry', { owner: 'Server' });

it('is one second, doubling, at most a minute, with jitter', () => {
  const policy = { attempts: 3, delay: 1000, maxDelay: 60_000, factor: 2, jitter: 0.2 };
  expect(defaultRetryPolicy(3)).toEqual(policy);
  expect(withRetryParts(defaultRetryPolicy(3))).toEqual(policy);
});

it('replaces the parts that are given', () => {
  const policy = withRetryParts(defaultRetryPolicy(3), read({ attempts: 5, jitter: 0 }));
  expect(policy).toMatchObject({ attempts: 5, jitter: 0, delay: 1000 });
  expect(Object.isFrozen(policy)).toBe(true);
});

it('lets the end of the delays that is not given give way', () => {
  const base = defaultRetryPolicy(3);
  expect(withRetryParts(base, { delay: 120_000 }).maxDelay).toBe(120_000);
  expect(withRetryParts(base, { maxDelay: 100 }).delay).toBe(100);
});

it.each([
  [{ delay: 10, maxDelay: 5 }, /"retry.delay" and "retry.maxDelay" contradict/],
  [{ attempts: 0 }, /"retry.attempts" must be a whole number from 1/],
  [{ delay: '1s' }, /"retry.delay" must be a duration.*durations are numbers/],
  [{ factor: 0.5 }, /"retry.factor" must be a number from 1 to 10/],
  [{ jitter: 2 }, /"retry.jitter"/],
  [{ retries: 3 }, /"retry.retries" must be left out: retry is an object of attempts, delay/],
  [JSON.parse('{"__proto__":{"delay":1}}'), /"retry.__proto__" must be left out/],
  [5, /"retry" must be an object of attempts/],
  [[], /"retry" must be an object/],
])('refuses %j', (value, message) => {
  expect(() => read(value)).toThrow(message);
});
