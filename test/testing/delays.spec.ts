import {
  RedisStreamsRecord,
  type RecordOptions,
  type RedisStreamsServerOptions,
} from 'nestjs-redis-streams';
import { createTestBroker } from 'nestjs-redis-streams/testing';
import { Caller } from '../support/caller.js';
import { closing } from '../support/closing.js';
import { over } from './over.js';

// N5 in the time of a test broker: what is due in a quarter of an hour takes a test no time.

/** A quarter of an hour. */
const LATER = 900_000;

async function open(options: RedisStreamsServerOptions = {}) {
  const broker = createTestBroker();
  const heard: { readonly data: unknown; readonly at: number }[] = [];
  const note = (data: unknown): number => heard.push({ data, at: broker.now });
  const handlers = { messages: { double: (n: number) => 2 * n }, events: { told: note } };
  const serve = () => over(broker, handlers, options);
  await serve();
  const client = closing(new Caller({ client: broker.redis() }));
  const tell = (data: unknown, given: RecordOptions) =>
    broker.until(client.tell('told', data, given));
  return { broker, client, heard, tell, serve };
}

test('an event with a delay runs when it is due, and not before', async () => {
  const { broker, heard, tell } = await open();
  const stored = broker.now;
  await tell('late', { delay: LATER });
  await tell('soon', { delay: 1000 });
  await broker.advance(LATER - 2000);
  expect(heard.map(({ data }) => data)).toEqual(['soon']);
  await broker.advance(3000);
  expect(heard.map(({ data }) => data)).toEqual(['soon', 'late']);
  expect(heard[1]!.at).toBeGreaterThanOrEqual(stored + LATER);
  // docs/delays.md: within 100 ms after it is due.
  expect(heard[1]!.at).toBeLessThanOrEqual(stored + LATER + 100);
});

test('`notBefore` is a time of the broker, and beyond it too', async () => {
  const { broker, heard, tell } = await open();
  const halfPast = Date.UTC(2030, 0, 1, 0, 30);
  await tell('half past', { notBefore: new Date(halfPast) });
  await tell('past', { notBefore: broker.now - LATER });
  await broker.advance(1000);
  expect(heard.map(({ data }) => data)).toEqual(['past']);
  await broker.drain(3 * LATER);
  expect(heard[1]).toMatchObject({ data: 'half past' });
  expect(heard[1]!.at).toBeGreaterThanOrEqual(halfPast);
});

test('drain() waits for what is due later, and names what is due after it', async () => {
  const { broker, heard, tell } = await open();
  await tell(1, { delay: 5 * 60_000 });
  await broker.drain();
  expect(heard).toHaveLength(1);
  await tell(2, { delay: LATER, messageId: 'order 2' });
  await expect(broker.drain()).rejects.toThrow(/not drained: \S*order 2 of told for service/);
  await broker.drain(LATER);
  expect(heard).toHaveLength(2);
});

test('what is taken back does not run', async () => {
  const { broker, client, heard, tell } = await open();
  const ids: string[] = [];
  await tell(1, { delay: LATER, messageId: 'reminder' });
  await tell(2, { delay: LATER, onStored: ({ id }) => void ids.push(id) });
  await tell(3, { delay: LATER });
  const cancelled = (id: string) => broker.until(client.cancelScheduled('told', id));
  expect(await cancelled('reminder')).toBe(true);
  expect(await cancelled('reminder')).toBe(false);
  expect(await cancelled(ids[0]!)).toBe(true);
  await broker.drain(2 * LATER);
  expect(heard.map(({ data }) => data)).toEqual([3]);
});

test('a message id adds nothing twice within its window, and something after it', async () => {
  const { broker, heard, tell } = await open();
  await tell(1, { delay: LATER, messageId: 'a' });
  await tell(2, { delay: LATER, messageId: 'a' });
  await broker.advance(LATER + 299_000);
  await tell(3, { messageId: 'a' });
  await broker.advance(2000);
  await tell(4, { messageId: 'a' });
  await broker.drain();
  expect(heard.map(({ data }) => data)).toEqual([1, 4]);
});

test('a call with a delay is answered after it; its timeout counts from then', async () => {
  const { broker, client } = await open();
  const from = broker.now;
  const call = client.call('double', 4, { delay: LATER, timeout: 1000 });
  expect(await broker.until(call, 2 * LATER)).toBe(8);
  expect(broker.now).toBeGreaterThanOrEqual(from + LATER);
  const nobody = client.failure('nobody', 1, { delay: LATER, timeout: 1000 });
  expect(await broker.until(nobody, 2 * LATER)).toMatchObject({
    code: 'TIMEOUT',
    outcome: 'not-run',
  });
  expect(broker.now).toBeGreaterThanOrEqual(from + 2 * LATER + 1000);
});

test('a call that is taken back before it is due has not run', async () => {
  const { broker, client } = await open();
  const abort = new AbortController();
  const failed = client.failure('double', 1, { delay: LATER, signal: abort.signal });
  await broker.advance(LATER / 2);
  abort.abort();
  expect(await broker.until(failed)).toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
});

test('what is due while no instance lives runs when one comes', async () => {
  const broker = createTestBroker();
  const client = closing(new Caller({ client: broker.redis() }));
  await broker.until(client.tell('told', 1, { delay: LATER }));
  await broker.advance(2 * LATER);
  const heard: unknown[] = [];
  await over(broker, { events: { told: (data) => void heard.push(data) } });
  await broker.drain();
  expect(heard).toEqual([1]);
});

test('an event that expires does so after it was due, and a retry waits its time', async () => {
  const broker = createTestBroker();
  const at: number[] = [];
  const told = (): void => {
    at.push(broker.now);
    if (at.length === 1) throw new Error('not yet');
  };
  await over(broker, { events: { told } }, { retry: { attempts: 2, delay: 60_000, jitter: 0 } });
  const client = closing(new Caller({ client: broker.redis() }));
  const record = new RedisStreamsRecord(1, { delay: LATER, expiresIn: 120_000 });
  const stored = broker.now;
  client.emit('told', record);
  await broker.drain(2 * LATER);
  expect(at).toHaveLength(2);
  expect(at[0]).toBeGreaterThanOrEqual(stored + LATER);
  expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(60_000);
});
