import { StartBroker } from '../../../libs/redis-stream-transport/src/redis/start-broker.js';
import { eventually } from '../../../tools/wait.js';
import { startPrivateRedis } from '../../support/redis-process.js';
import { TestBrokers, callerId, eventLine, requestLine } from '../../support/brokers.js';

const WEEK = 604_800_000;
const limits = (changes: object = {}) => ({
  groupTtl: WEEK,
  count: undefined,
  age: undefined,
  page: 1000,
  trim: 1000,
  ...changes,
});

/** A stream of `count` events of which this group has handled `handled`. */
async function stream(count: number, handled: number) {
  const brokers = await TestBrokers.open();
  const broker = brokers.group();
  await broker.ensureGroup('a', 'e', false);
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(await brokers.add('a'));
  await handle(brokers, 'service', handled);
  return { brokers, broker, ids };
}

async function handle(brokers: TestBrokers, group: string, count: number): Promise<void> {
  if (count === 0) return;
  const ids = await brokers.hand('a', 'me', count, group);
  await brokers.redis.xack(brokers.keys.stream('a'), group, ...ids);
}

describe('the janitor script', () => {
  it('removes what every group has handled', async () => {
    const { brokers, broker, ids } = await stream(5, 3);
    expect(await broker.clean('a', 'e', limits())).toEqual({
      removed: 3,
      next: undefined,
      idle: [],
    });
    expect(await brokers.ids('a')).toEqual(ids.slice(3));
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 0 });
  });

  it('never passes what another live group has pending or was not given', async () => {
    const { brokers, broker, ids } = await stream(0, 0);
    await brokers.group('slow').ensureGroup('a', 'e', false);
    for (let i = 0; i < 5; i++) ids.push(await brokers.add('a'));
    await handle(brokers, 'service', 5);
    await handle(brokers, 'slow', 1);
    await broker.clean('a', 'e', limits());
    expect(await brokers.ids('a')).toEqual(ids.slice(1));
    const [pending] = await brokers.hand('a', 'me', 1, 'slow');
    await handle(brokers, 'slow', 3);
    await broker.clean('a', 'e', limits());
    expect(await brokers.ids('a')).toEqual(ids.slice(1));
    await brokers.redis.xack(brokers.keys.stream('a'), 'slow', pending!);
    await broker.clean('a', 'e', limits());
    expect(await brokers.ids('a')).toEqual([]);
  });

  it('never passes what this group has pending itself', async () => {
    const { brokers, broker, ids } = await stream(4, 1);
    await brokers.hand('a', 'me', 1);
    await handle(brokers, 'service', 2);
    await broker.clean('a', 'e', limits());
    expect(await brokers.ids('a')).toEqual(ids.slice(1));
  });

  it('keeps requests that have not expired, and removes those that have', async () => {
    const { brokers, broker } = await stream(0, 0);
    const expired = await brokers.add('a', requestLine(callerId(), '1', 1));
    const live = await brokers.add('a', requestLine(callerId(), '2'));
    const endless = await brokers.add('a', requestLine(callerId(), '3', 0));
    const event = await brokers.add('a');
    // Nobody can be told of it: it ended as an event does.
    const unread = await brokers.add('a', '1 json 5 {} 0');
    await handle(brokers, 'service', 5);
    await eventually(async () => {
      await broker.clean('a', 'r', limits());
      expect(await brokers.ids('a')).toEqual([live, endless]);
    });
    expect([expired, event, unread]).toHaveLength(3);
  });

  it('cleans where a group stands at the last id of a millisecond', async () => {
    const { brokers, broker, ids } = await stream(2, 0);
    await brokers.redis.xgroup(
      'SETID',
      brokers.keys.stream('a'),
      'service',
      '7-18446744073709551615',
    );
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 0 });
    expect(await brokers.ids('a')).toEqual(ids);
  });

  it('keeps a request that was started once and has not ended, whether or not it has expired', async () => {
    const brokers = await TestBrokers.open();
    const broker = brokers.group();
    await broker.ensureGroup('a', 'r', false);
    const other = await brokers.add('a', requestLine(callerId(), '1', 1));
    const id = await brokers.add('a', requestLine(callerId(), '2', 1));
    await handle(brokers, 'service', 2);
    const started = brokers.keys.started('a');
    await brokers.redis.hset(started, `service ${id}`, 'me');
    await eventually(async () => {
      await cleanAll(broker, {}, 'r');
      expect(await brokers.ids('a')).not.toContain(other);
    });
    expect(await brokers.ids('a')).toEqual([id]);
    expect(await brokers.redis.hget(started, `service ${id}`)).toBe('me');
    await brokers.redis.hdel(started, `service ${id}`);
    await cleanAll(broker, {}, 'r');
    expect(await brokers.ids('a')).toEqual([]);
  });

  it('removes what it cannot read, once every group has handled it', async () => {
    const { brokers, broker } = await stream(0, 0);
    await brokers.redis.xadd(brokers.keys.stream('a'), '*', 'x', 'y');
    await brokers.add('a', 'rubbish');
    await handle(brokers, 'service', 2);
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 2 });
  });

  it('keeps as many handled events as it is told', async () => {
    const { brokers, broker, ids } = await stream(6, 5);
    await broker.clean('a', 'e', limits({ count: 2 }));
    expect(await brokers.ids('a')).toEqual(ids.slice(3));
    await broker.clean('a', 'e', limits({ count: 0 }));
    expect(await brokers.ids('a')).toEqual(ids.slice(5));
  });

  it('keeps as many also where the lag is unknown', async () => {
    const { brokers, broker, ids } = await stream(7, 0);
    await brokers.redis.xdel(brokers.keys.stream('a'), ids[6]!);
    await handle(brokers, 'service', 4);
    await broker.clean('a', 'e', limits({ count: 1 }));
    expect(await brokers.ids('a')).toEqual(ids.slice(3, 6));
  });

  it('keeps handled events as long as it is told', async () => {
    const { brokers, broker } = await stream(0, 0);
    const old = `${Date.now() - 60_000}-0`;
    await brokers.redis.xadd(brokers.keys.stream('a'), old, 'c', eventLine, 'd', '1');
    const young = await brokers.add('a');
    await handle(brokers, 'service', 2);
    await broker.clean('a', 'e', limits({ age: 30_000 }));
    expect(await brokers.ids('a')).toEqual([young]);
  });

  it('works page by page', async () => {
    const { brokers, broker, ids } = await stream(5, 5);
    const first = await broker.clean('a', 'r', limits({ page: 2 }));
    expect(first).toMatchObject({ removed: 2, next: { after: ids[1], stayed: 0 } });
    const second = await broker.clean('a', 'r', limits({ page: 2 }), first.next);
    expect(second).toMatchObject({ removed: 2, next: { after: ids[3], stayed: 0 } });
    const third = await broker.clean('a', 'r', limits({ page: 2 }), second.next);
    expect(third).toMatchObject({ removed: 1, next: undefined });
    expect(await brokers.ids('a')).toEqual([]);
  });

  it('finds handled events after requests that no consumer has and that have not expired', async () => {
    const { brokers, broker } = await stream(0, 0);
    const orphans: string[] = [];
    for (let i = 0; i < 5; i++) orphans.push(await brokers.add('a', requestLine(callerId())));
    await handle(brokers, 'service', 5);
    const handled: string[] = [];
    for (let i = 0; i < 4; i++) handled.push(await brokers.add('a'));
    await handle(brokers, 'service', 4);
    let cleaned = await broker.clean('a', 'r', limits({ page: 2 }));
    expect(cleaned).toMatchObject({ removed: 0, next: { after: orphans[1], stayed: 2 } });
    for (let page = 0; page < 10 && cleaned.next !== undefined; page++) {
      cleaned = await broker.clean('a', 'r', limits({ page: 2 }), cleaned.next);
    }
    expect(await brokers.ids('a')).toEqual(orphans);

    // What stays among them does not count as kept events.
    const more: string[] = [];
    for (let i = 0; i < 4; i++) more.push(await brokers.add('a'));
    await handle(brokers, 'service', 4);
    for (let place = cleaned.next, page = 0; page < 10; page++) {
      const { next } = await broker.clean('a', 'r', limits({ page: 2, count: 1 }), place);
      if (next === undefined) break;
      place = next;
    }
    expect(await brokers.ids('a')).toEqual([...orphans, more[3]!]);
  });

  it('reports a group without a live instance, and lets it hold nothing back', async () => {
    const { brokers, broker } = await stream(0, 0);
    await brokers.group('idle').ensureGroup('a', 'e', false);
    const id = await brokers.add('a');
    await handle(brokers, 'service', 1);
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 0, idle: [] });
    expect(await brokers.ids('a')).toEqual([id]);
    await brokers.redis.hset(brokers.keys.groups('a'), 'idle', `${Date.now() - 2 * WEEK} e 0-0`);
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 1, idle: ['idle'] });
    expect(await brokers.ids('a')).toEqual([]);
  });

  it('removes nothing that a group made by hand has not handled', async () => {
    const { brokers, broker } = await stream(2, 2);
    await brokers.redis.xgroup('CREATE', brokers.keys.stream('a'), 'byhand', '0');
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 0 });
  });

  it('leaves a missing stream and one of a wrong type alone', async () => {
    const { brokers, broker } = await stream(0, 0);
    await brokers.redis.set(brokers.keys.stream('bad'), 'x');
    const nothing = { removed: 0, next: undefined, idle: [] };
    expect(await broker.clean('bad', 'e', limits())).toEqual(nothing);
    expect(await broker.clean('none', 'e', limits())).toEqual(nothing);
  });
});

describe('the sweep script', () => {
  it('removes notes about entries that are pending no longer, and no others', async () => {
    const brokers = await TestBrokers.open();
    await brokers.group().ensureGroup('a', 'e', false);
    await brokers.add('a');
    const [id] = await brokers.hand('a', 'me');
    const notes = {
      [`service ${id}`]: '1 1  0',
      'service 1-1': '0 0  1',
      'gone 1-1': '1 1 ',
      x: '',
    };
    await brokers.redis.hset(brokers.keys.due('a'), notes);
    const starts = new StartBroker(brokers.link, brokers.keys, () => 'service');
    await starts.sweep('a');
    await starts.sweep('nothing');
    expect(await brokers.redis.hkeys(brokers.keys.due('a'))).toEqual([`service ${id}`]);
  });
});

/** A stream of `count` events that this group has handled, added at once. */
async function handledStream(count: number) {
  const brokers = await TestBrokers.open();
  const broker = brokers.group();
  await broker.ensureGroup('a', 'e', false);
  const key = brokers.keys.stream('a');
  for (let from = 0; from < count; from += 1000) {
    const batch = brokers.redis.pipeline();
    for (let i = from; i < Math.min(from + 1000, count); i++) {
      batch.xadd(key, '*', 'c', eventLine, 'd', String(i));
    }
    await batch.exec();
    await handle(brokers, 'service', 1000);
  }
  return { brokers, broker };
}

/** Cleans until there is nothing more to do; returns how often it took. */
async function cleanAll(
  broker: ReturnType<TestBrokers['group']>,
  changes: object = {},
  kind = 'e',
) {
  let calls = 0;
  let place;
  do {
    place = (await broker.clean('a', kind as 'e', limits(changes), place)).next;
    calls++;
  } while (place !== undefined && calls < 100);
  return calls;
}

describe('the janitor script, where there are only events', () => {
  it('removes whole nodes of the stream, a bounded number at once, and then what is left', async () => {
    const { brokers, broker } = await handledStream(2550);
    const first = await broker.clean('a', 'e', limits());
    expect(first).toEqual({ removed: 1000, next: { after: '', stayed: 0 }, idle: [] });
    expect(await cleanAll(broker)).toBeLessThan(6);
    expect(await brokers.ids('a')).toEqual([]);
  });

  it('keeps as many as it is told, to the last', async () => {
    const { brokers, broker } = await handledStream(1550);
    const ids = await brokers.ids('a');
    await cleanAll(broker, { count: 333 });
    expect(await brokers.ids('a')).toEqual(ids.slice(-333));
  });

  it('never passes what is pending, or was not given, however much lies behind it', async () => {
    const { brokers, broker } = await handledStream(0);
    const key = brokers.keys.stream('a');
    const pending = await brokers.add('a');
    await brokers.hand('a', 'me');
    for (let i = 0; i < 500; i++) await brokers.add('a');
    await handle(brokers, 'service', 500);
    await cleanAll(broker);
    await cleanAll(broker, { count: 10 });
    expect((await brokers.ids('a'))[0]).toBe(pending);
    expect(await brokers.redis.xlen(key)).toBe(501);
    await brokers.redis.xack(key, 'service', pending);
    const unread = await brokers.add('a');
    await cleanAll(broker);
    expect(await brokers.ids('a')).toEqual([unread]);
  });

  it.each(['e', 'r'])('keeps what was started and has not ended (kind %s)', async (kind) => {
    const { brokers, broker } = await handledStream(0);
    const started = brokers.keys.started('a');
    const ids = [await brokers.add('a'), await brokers.add('a'), await brokers.add('a')];
    await handle(brokers, 'service', 3);
    await brokers.redis.hset(started, `service ${ids[1]}`, 'me', 'gone 1-0', 'x', 'rubbish', 'y');
    await cleanAll(broker, {}, kind);
    expect(await brokers.ids('a')).toContain(ids[1]);
    expect(await brokers.ids('a')).not.toContain(ids[0]);
    expect(await brokers.redis.hexists(started, `service ${ids[1]}`)).toBe(1);
    await brokers.redis.hdel(started, `service ${ids[1]}`);
    await cleanAll(broker, {}, kind);
    expect(await brokers.ids('a')).toEqual([]);
  });

  it('cleans for a broadcast too, and registers no group for it', async () => {
    const brokers = await TestBrokers.open();
    const broker = brokers.group('service{me}');
    await broker.ensureGroup('a', 'b', false);
    await brokers.add('a');
    await handle(brokers, 'service{me}', 1);
    await cleanAll(broker, {}, 'b');
    expect(await brokers.ids('a')).toEqual([]);
    expect(await brokers.redis.exists(brokers.keys.groups('a'))).toBe(0);
  });

  it('removes while memory is full: that is when it is needed', async () => {
    await using server = await startPrivateRedis();
    const brokers = await TestBrokers.open(server.url);
    const broker = brokers.group();
    await broker.ensureGroup('a', 'e', false);
    for (let i = 0; i < 20; i++) await brokers.add('a');
    await handle(brokers, 'service', 20);
    await brokers.redis.config('SET', 'maxmemory', '1');
    await expect(brokers.add('a')).rejects.toThrow('OOM');
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 20 });
    await brokers.redis.config('SET', 'maxmemory', '0');
  });
});

describe('the janitor script, of requests that have not expired', () => {
  /** An event group that has acknowledged an unexpired request between events. */
  async function acknowledged() {
    const { brokers, broker } = await handledStream(0);
    await brokers.add('a');
    const request = await brokers.add('a', requestLine(callerId()));
    await brokers.add('a');
    await handle(brokers, 'service', 3);
    return { brokers, broker, request };
  }

  it('keeps them where a group answers requests, also one that is missing for the moment', async () => {
    const { brokers, broker, request } = await acknowledged();
    await brokers.redis.hset(brokers.keys.groups('a'), 'other', `${Date.now()} r 0-0`);
    await cleanAll(broker);
    expect(await brokers.ids('a')).toEqual([request]);
  });

  it('keeps them where a group was made by hand', async () => {
    const { brokers, broker, request } = await acknowledged();
    await brokers.redis.xgroup('CREATE', brokers.keys.stream('a'), 'byhand', '$');
    await cleanAll(broker);
    expect(await brokers.ids('a')).toEqual([request]);
  });

  it('keeps one that was left to a group which answers and has yet to come', async () => {
    const { brokers, broker } = await handledStream(0);
    const caller = callerId();
    await brokers.add('a');
    const request = await brokers.add('a', requestLine(caller));
    const owner = await brokers.owner('me');
    const [event, id] = (await brokers.hand('a', 'me')) as [string, string];
    await brokers.redis.xack(brokers.keys.stream('a'), 'service', event);
    await brokers.redis.zadd(brokers.keys.live('a'), Date.now() + 60_000, 'other x -');
    const entry = { stream: 'a', id, pattern: 'a', deadline: Date.now() + 60_000, mayHand: true };
    const answer = { caller, frame: 'frame', ttlMs: 60_000 };
    expect(await broker.noHandler(owner, entry, answer)).toEqual({ kind: 'acked' });
    await cleanAll(broker);
    expect(await brokers.ids('a')).toEqual([request]);
  });
});
