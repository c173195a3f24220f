import { RedisStreamsContext } from 'nestjs-redis-streams';
import { createContext } from 'nestjs-redis-streams/testing';

test('has what it is given, and is a context like every other', () => {
  const context = createContext({
    pattern: 'orders.placed',
    metadata: { tenant: 'a' },
    idempotencyKey: 'key',
    deliveryCount: 2,
    failedAttempts: 1,
    timeout: 60_000,
  });

  expect(context).toBeInstanceOf(RedisStreamsContext);
  expect(context.getPattern()).toBe('orders.placed');
  expect(context.getMetadata()).toEqual({ tenant: 'a' });
  expect(context.getIdempotencyKey()).toBe('key');
  expect(context.getDeliveryCount()).toBe(2);
  expect(context.getFailedAttempts()).toBe(1);
  expect(context.remainingTime()).toBeGreaterThan(30_000);
  expect(context.getCallId()).toBeDefined();
  expect(context.outcome).toBeUndefined();
});

test('notes what a handler does with an event; the first counts', () => {
  const [acknowledged, retried, dead] = Array.from({ length: 3 }, () =>
    createContext({ kind: 'event' }),
  );
  acknowledged?.ack();
  acknowledged?.retry();
  retried?.retry(500);
  dead?.deadLetter('no stock');

  expect(acknowledged?.outcome).toEqual({ kind: 'acknowledged' });
  expect(retried?.outcome).toEqual({ kind: 'retry', delay: 500 });
  expect(dead?.outcome).toEqual({ kind: 'dead-letter', reason: 'no stock' });
  expect(acknowledged?.getCallId()).toBeUndefined();
});

test('refuses what a server would refuse', () => {
  const request = createContext();
  expect(() => request.ack()).toThrow(/ack\(\) is for events/);
  expect(() => request.setReplyHeaders({ '': 'x' })).toThrow(/reply header/);
});

test('shows reply headers, and fires the signal', () => {
  const context = createContext();
  expect(context.replyHeaders).toEqual({});
  context.setReplyHeaders({ etag: 'x' });
  expect(context.replyHeaders).toEqual({ etag: 'x' });

  const { signal } = context;
  expect(signal.aborted).toBe(false);
  context.abort('deadline');
  expect(signal.aborted).toBe(true);
  expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
});

test.each([
  ['deliveryCount', { deliveryCount: 0 }],
  ['failedAttempts', { failedAttempts: -1 }],
  ['timeout', { timeout: 1.5 }],
  ['kind', { kind: 'other' as never }],
])('refuses a wrong "%s"', (option, options) => {
  const error = { code: 'INVALID_OPTION', message: expect.stringContaining(option) as string };
  expect(() => createContext(options)).toThrow(expect.objectContaining(error) as Error);
});
