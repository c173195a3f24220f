import { resolveHandlerExtras } from './handler-extras.js';

const resolve = (extras: unknown) => resolveHandlerExtras(extras, 'sum');
const defaults = {
  concurrency: undefined,
  group: undefined,
  retry: undefined,
  lane: undefined,
  atMostOnce: false,
  spread: undefined,
  priorities: false,
  broadcast: false,
  restartable: false,
  threads: undefined,
  overflow: 'error',
  buffer: 10_000,
};

it.each([[undefined], [null], [{}]])('has defaults for %j', (extras) => {
  expect(resolve(extras)).toEqual(defaults);
  expect(Object.isFrozen(resolve(extras))).toBe(true);
});

it('takes each of ours', () => {
  const extras = {
    concurrency: 1,
    retry: { attempts: 2 },
    lane: 'slow',
    atMostOnce: false,
    broadcast: true,
    restartable: true,
    overflow: 'latest',
    buffer: 5,
  };
  expect(resolve(extras)).toEqual({
    ...extras,
    group: undefined,
    spread: undefined,
    priorities: false,
    threads: undefined,
  });
  expect(resolve({ spread: 8 })).toEqual({ ...defaults, spread: 8 });
  expect(resolve({ priorities: true })).toEqual({ ...defaults, priorities: true });
  expect(resolve({ group: 'mails' })).toEqual({ ...defaults, group: 'mails' });
});

it("takes names of Nest's other transports that mean the same", () => {
  const theirs = { queue: 'mails', prefetchCount: 2 };
  expect(resolve(theirs)).toEqual({ ...defaults, group: 'mails', concurrency: 2 });
});

it.each([
  'qos',
  'url',
  'host',
  'client',
  'groupId',
  'headers',
  'signal',
  'prefix',
  'serializer',
  'transport',
  'name',
  'lang',
  'line',
  'role',
  'description',
  'entry',
  '__proto__',
])('leaves the key %s to others', (key) => {
  const extras = Object.defineProperty({}, key, { value: 'mine', enumerable: true });
  expect(resolve(extras)).toEqual(defaults);
});

it.each([
  ['concurency', 'concurrency'],
  ['Retry', 'retry'],
  ['retrys', 'retry'],
  ['LANE', 'lane'],
  ['atmostonce', 'atMostOnce'],
  ['broadcasts', 'broadcast'],
  ['restartble', 'restartable'],
])('takes %s for a slip', (key, meant) => {
  expect(() => resolve({ [key]: 1 })).toThrow(
    `Extras of the handler of "sum": unknown option "${key}"; did you mean "${meant}"?`,
  );
});

it.each([
  ['prefetch', 'did you mean "concurrency"?'],
  ['retries', 'did you mean "retry"?'],
  ['GROUP', 'did you mean "group"?'],
  ['maxDeliveries', '"maxDeliveries" is an option of ServerRedisStreams, not of a handler'],
  ['leaseTTL', '"leaseTtl" is an option of ServerRedisStreams, not of a handler'],
  ['priority', '"priority" is for callers: an option of RedisStreamsRecord'],
  ['timeout', '"timeout" is for callers: an option of RedisStreamsRecord'],
  ['idempotencyKey', '"idempotencyKey" is for callers: an option of RedisStreamsRecord'],
  ['wildcards', '"wildcards" is an option of ServerRedisStreams, not of a handler'],
])('refuses %s, which is ours and not of a handler', (key, advice) => {
  expect(() => resolve({ [key]: 'orders' })).toThrow(
    `Extras of the handler of "sum": unknown option "${key}"; ${advice}`,
  );
});

it.each([
  [{ concurrency: 0 }, /"concurrency" must be a whole number from 1/],
  [{ retry: 3 }, /"retry" must be an object/],
  [{ lane: '' }, /"lane" must be/],
  [{ atMostOnce: 'yes' }, /"atMostOnce" must be true or false/],
  [{ broadcast: 1 }, /"broadcast"/],
  [{ priorities: 'high' }, /"priorities" must be true or false/],
  [{ priorities: true, lane: 'l' }, /"priorities" and "lane" contradict/],
  [{ priorities: true, spread: 2 }, /"priorities" and "spread" contradict/],
  [{ priorities: true, broadcast: true }, /"priorities" and "broadcast" contradict/],
  [{ restartable: null }, /"restartable"/],
  [{ atMostOnce: true, retry: {} }, /"atMostOnce" and "retry" contradict/],
  [{ atMostOnce: true, restartable: true }, /"atMostOnce" and "restartable" contradict/],
  ['slow', /options must be an object/],
])('refuses %j', (extras, message) => {
  expect(() => resolve(extras)).toThrow(message);
});

it('names the pattern in the error', () => {
  expect(() => resolve({ lane: 1 })).toThrow(expect.objectContaining({ pattern: 'sum' }) as never);
});
