import { eventually } from '../../../tools/wait.js';
import { readNested } from '../../../libs/redis-stream-transport/src/redis/operations/serving/nested.js';
import { DeadLetters } from 'nestjs-redis-streams/dead-letters';
import { diagnose, readBacklog, readOverview } from 'nestjs-redis-streams/operate';
import { TestBrokers, requestLine, callerId } from '../../support/brokers.js';
import { TestService } from '../../support/test-service.js';
import { scraped } from '../../metrics/scraped.js';

// Anybody who may add entries may give one the highest id that there is. Redis has an error for what comes after it.

const LAST = '18446744073709551615-18446744073709551615';

/** A stream whose group was given the entry with the highest id, and has not finished it. */
async function handed() {
  const brokers = await TestBrokers.open();
  const broker = brokers.group();
  await broker.ensureGroup('a', 'r', false);
  await brokers.redis.xadd(brokers.keys.stream('a'), LAST, 'c', requestLine(callerId()), 'd', '1');
  await brokers.owner('dead');
  await brokers.hand('a', 'dead');
  return { brokers, broker };
}

it('tools and metrics go on', async () => {
  const service = new TestService();
  await service.serve({ messages: { other: () => 1 } });
  const key = service.keys.stream('far');
  // Two groups: one has finished it, and for the other one it stays.
  for (const group of ['one', 'two'])
    await service.redis.xgroup('CREATE', key, group, '0', 'MKSTREAM');
  await service.redis.xadd(key, LAST, 'c', '1 json - - 0', 'd', '1');
  await service.redis.xreadgroup('GROUP', 'one', 'me', 'STREAMS', key, '>');
  await service.redis.xack(key, 'one', LAST);
  const place = { ...service.address };
  const far = {
    stream: 'far',
    length: 1,
    groups: [
      { group: 'one', unread: 0 },
      { group: 'two', unread: 1 },
    ],
  };
  expect((await readBacklog(place)).streams).toMatchObject([far, { stream: 'other' }]);
  await expect(readOverview(place)).resolves.toBeDefined();
  await expect(diagnose(place)).resolves.toBeDefined();
  const { value } = scraped({ gauges: { ...service.address, interval: 1000 } });
  await eventually(async () => expect(await value('redis_read_up')).toBe(1));
  expect(await value('backlog_entries', { group: 'two', pattern: 'far' })).toBe(1);
});

it('looks for calls of handlers, and for what has waited, find nothing', async () => {
  const { brokers, broker } = await handed();
  const streams = [{ stream: 'a', most: 9, mark: '' }];
  const search = { group: 'service', consumer: 'me', wanted: 9, others: 9, force: false, streams };
  expect(await readNested(brokers.link, brokers.keys, search)).toMatchObject({ read: [] });
  const waiting = { consumer: 'me', streams: ['a'], age: 0 };
  expect(await broker.readWaiting(brokers.link, waiting)).toEqual([]);
});

it('what its owner left is taken over on its last delivery too', async () => {
  const { brokers, broker } = await handed();
  await brokers.redis.xclaim(brokers.keys.stream('a'), 'service', 'dead', 0, LAST);
  await brokers.redis.set(brokers.keys.lease('dead'), '+');
  const me = await brokers.owner('me');
  const asked = { count: 9, permitted: 3, suspects: false };
  expect(await broker.claim(me, 'dead', 'a', asked)).toBe('suspects');
  expect(await broker.claim(me, 'dead', 'a', { ...asked, suspects: true })).toMatchObject([
    { raw: { id: LAST }, deliveries: 3 },
  ]);
});

it('requests that belong to nobody are found up to it', async () => {
  const { brokers } = await handed();
  await brokers.redis.xgroup('DELCONSUMER', brokers.keys.stream('a'), 'service', 'dead');
  expect(await brokers.starts().orphans('a', '', 1)).toEqual({ next: '', ids: [LAST] });
});

it('a page of dead letters that ends with it is the last one', async () => {
  const service = new TestService();
  const key = service.keys.dead('service');
  const adding = service.redis.pipeline();
  for (let at = 1; at < 100; at++) adding.xadd(key, `${at}-0`, 'pattern', 'far');
  await adding.xadd(key, LAST, 'pattern', 'far').exec();
  const letters = new DeadLetters({ ...service.address, group: 'service' });
  const found = await letters.page({}, { limit: 1000 });
  expect(found.letters).toHaveLength(100);
  expect(found.next).toBeUndefined();
  expect(await letters.page({ until: 0 })).toEqual({ letters: [], next: undefined });
  await letters.close();
});
